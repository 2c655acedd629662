"""PyTorch's side of the ResNet benchmark: `python step.py DEPTH BATCH THREADS contiguous|channels_last [cpu|cuda]`.

The official step (github.com/Sharut/CARE) op by op: 4 separate forward passes, InfoNCE + L_equi, Adam. It answers a line
`N` with N times in seconds, and a line `memory` with the peak resident memory in bytes.
"""
import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

DEPTH, BATCH, THREADS = (int(value) for value in sys.argv[1:4])
LAYOUT = torch.channels_last if sys.argv[4] == "channels_last" else torch.contiguous_format
DEVICE = sys.argv[5] if len(sys.argv) > 5 else "cpu"
CHUNKS, TAU, LAMBDA = 4, 0.5, 0.01
# As TensorFlow does where the device can; it changes nothing on a processor.
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
torch.backends.cudnn.benchmark = True
torch.set_num_threads(THREADS)
torch.manual_seed(0)

encoder = getattr(torchvision.models, f"resnet{DEPTH}")()
encoder.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
encoder.maxpool = nn.Identity()
features = encoder.fc.in_features
encoder.fc = nn.Sequential(
    nn.Linear(features, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(inplace=True), nn.Linear(512, 128)
)
encoder = encoder.to(DEVICE, memory_format=LAYOUT).train()
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3, weight_decay=1e-6)
views = [torch.randn(BATCH, 3, 32, 32).to(DEVICE).contiguous(memory_format=LAYOUT) for _ in range(4)]
itself = torch.eye(2 * BATCH, dtype=torch.bool, device=DEVICE)
positive = torch.arange(2 * BATCH, device=DEVICE).roll(BATCH)


def gram(z):
    parts = z.view(CHUNKS, BATCH // CHUNKS, -1)
    return parts @ parts.transpose(1, 2)


def step():
    started = time.perf_counter()
    z = [F.normalize(encoder(view), dim=1) for view in views]
    both = torch.cat(z[:2])
    contrast = F.cross_entropy((both @ both.T / TAU).masked_fill(itself, float("-inf")), positive)
    size = BATCH // CHUNKS
    equivariance = ((gram(z[2]) - gram(z[3])) ** 2).sum() / (CHUNKS * size * (size - 1))
    loss = contrast + LAMBDA * equivariance
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss).item()
    return time.perf_counter() - started


print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "memory":
        print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]), flush=True)
    else:
        print(json.dumps([step() for _ in range(int(line))]), flush=True)
