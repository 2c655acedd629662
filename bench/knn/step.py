"""PyTorch's side of the kNN benchmark: `python step.py QUERIES BANK DIM K THREADS BLOCK`.

The monitor of the official code: cosine similarities by one product a block, `topk`, votes by `scatter_add_`.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

QUERIES, BANK, DIM, K, THREADS, BLOCK = (int(value) for value in sys.argv[1:7])
CLASSES, TAU = 10, 0.5
torch.set_num_threads(THREADS)
torch.manual_seed(0)
bank, queries = torch.randn(BANK, DIM), torch.randn(QUERIES, DIM)
bank_labels, query_labels = torch.randint(CLASSES, (BANK,)), torch.randint(CLASSES, (QUERIES,))


def step():
    started = time.perf_counter()
    directions = F.normalize(bank, dim=1).T.contiguous()
    right = 0
    for start in range(0, QUERIES, BLOCK):
        part = F.normalize(queries[start:start + BLOCK], dim=1)
        similarity, index = (part @ directions).topk(K, dim=1, sorted=False)
        votes = torch.zeros(len(part), CLASSES).scatter_add_(1, bank_labels[index], (similarity / TAU).exp())
        right += (votes.argmax(dim=1) == query_labels[start:start + BLOCK]).sum().item()
    assert 0 <= right <= QUERIES
    return time.perf_counter() - started


print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
