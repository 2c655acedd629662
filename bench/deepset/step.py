"""PyTorch's side of the DeepSet benchmark: `python step.py THREADS`. The same step as step.ts, op by op."""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
BATCH, POINTS, CHUNKS, TAU, LAMBDA = 128, 256, 4, 0.5, 0.01

phi = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU())
rho = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 16))
optimizer = torch.optim.Adam([*phi.parameters(), *rho.parameters()], lr=1e-3)
clouds = torch.randn(BATCH, POINTS, 3)
itself = torch.eye(2 * BATCH, dtype=torch.bool)
positive = torch.arange(2 * BATCH).roll(BATCH)


def embed(rotations):
    return F.normalize(rho(phi(clouds @ rotations.transpose(1, 2)).mean(dim=1)), dim=1)


def rotations(count):
    w, x, y, z = F.normalize(torch.randn(count, 4), dim=1).unbind(1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, dim=1).view(count, 3, 3)


def gram(z):
    parts = z.view(CHUNKS, BATCH // CHUNKS, -1)
    return parts @ parts.transpose(1, 2)


def step():
    started = time.perf_counter()
    views = torch.cat([embed(rotations(BATCH)), embed(rotations(BATCH))])
    similarity = (views @ views.T / TAU).masked_fill(itself, float("-inf"))
    contrast = F.cross_entropy(similarity, positive)
    chunked = [embed(rotations(CHUNKS).repeat_interleave(BATCH // CHUNKS, dim=0)) for _ in range(2)]
    size = BATCH // CHUNKS
    equivariance = ((gram(chunked[0]) - gram(chunked[1])) ** 2).sum() / (CHUNKS * size * (size - 1))
    loss = contrast + LAMBDA * equivariance
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss).item()
    return time.perf_counter() - started


print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
