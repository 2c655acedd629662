"""PyTorch's side of the linear probe: `python step.py ROWS DIM CLASSES EPOCHS BATCH THREADS`.

Features lie in memory as one tensor and batches are taken by index, which is faster than a DataLoader; `foreach` and
`fused` are Adam's two fast ways, of which the faster is the reference.
"""
import json
import sys
import time

import torch

ROWS, DIM, CLASSES, EPOCHS, BATCH, THREADS = (int(value) for value in sys.argv[1:7])
FUSED = sys.argv[7] == "fused"
torch.set_num_threads(THREADS)
torch.manual_seed(0)
features, labels = torch.randn(ROWS, DIM), torch.randint(CLASSES, (ROWS,))


def step():
    started = time.perf_counter()
    probe = torch.nn.Linear(DIM, CLASSES)
    optimizer = torch.optim.Adam(probe.parameters(), lr=1e-3, weight_decay=1e-6, foreach=not FUSED, fused=FUSED)
    for _ in range(EPOCHS):
        for indices in torch.randperm(ROWS).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(probe(features[indices]), labels[indices]).backward()
            optimizer.step()
    with torch.no_grad():
        right = (probe(features).argmax(1) == labels).float().mean().item()
    assert right > 1.2 / CLASSES, right
    return time.perf_counter() - started


print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
