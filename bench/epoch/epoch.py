"""PyTorch's side of the epoch benchmark: `python epoch.py DATA THREADS WORKERS contiguous|channels_last`.

One epoch of CARE on CIFAR-10 as the official code goes about it: PIL images, torchvision's transforms in a DataLoader,
a pair of views of each image and one of each chunk, 4 forward passes, Adam, the state saved. A line `N` is answered with
the seconds of N epochs, each from the files to the file with the state.
"""
import json
import os
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision.transforms as T
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.models.resnet import BasicBlock

DATA, THREADS, WORKERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
LAYOUT = torch.channels_last if sys.argv[4] == "channels_last" else torch.contiguous_format
BATCH, CHUNKS, TAU, LAMBDA = 64, 4, 0.5, 0.01
PER_CHUNK = BATCH // CHUNKS
torch.set_num_threads(THREADS)

augment = T.Compose([
    T.RandomResizedCrop(32),
    T.RandomHorizontalFlip(p=0.5),
    T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
    T.RandomGrayscale(p=0.2),
    T.RandomApply([T.GaussianBlur(3, (0.1, 2.0))], p=0.5),
    T.ToTensor(),
    T.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
])


def images():
    """The training images: records of a label and 3 planes of 32 x 32."""
    files = [os.path.join(DATA, f"data_batch_{i}.bin") for i in range(1, 6)]
    records = np.concatenate([np.fromfile(path, np.uint8).reshape(-1, 3073) for path in files])
    return [Image.fromarray(record[1:].reshape(3, 32, 32).transpose(1, 2, 0)) for record in records]


def alike(chunk):
    """The images of a chunk, each with the same draws."""
    seed = int(torch.randint(2**31, ()))
    views = []
    for image in chunk:
        torch.manual_seed(seed)
        views.append(augment(image))
    torch.manual_seed(seed + 1)
    return views


def collate(batch):
    """Runs in the workers: two views of each image, two of each chunk."""
    chunks = [batch[start:start + PER_CHUNK] for start in range(0, BATCH, PER_CHUNK)]
    each = [torch.stack([augment(image) for image in batch]) for _ in range(2)]
    return each + [torch.stack([view for chunk in chunks for view in alike(chunk)]) for _ in range(2)]


def network():
    def stage(inputs, outputs, stride):
        narrow = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        return BasicBlock(inputs, outputs, stride, None if stride == 1 else narrow)

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
        stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(64, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(inplace=True), nn.Linear(512, 128),
    ).to(memory_format=LAYOUT).train()


def gram(z):
    parts = z.view(CHUNKS, PER_CHUNK, -1)
    return parts @ parts.transpose(1, 2)


itself = torch.eye(2 * BATCH, dtype=torch.bool)
positive = torch.arange(2 * BATCH).roll(BATCH)


def objective(views, encoder):
    z = [F.normalize(encoder(view.contiguous(memory_format=LAYOUT)), dim=1) for view in views]
    both = torch.cat(z[:2])
    contrast = F.cross_entropy((both @ both.T / TAU).masked_fill(itself, float("-inf")), positive)
    equivariance = 2 * ((gram(z[2]) - gram(z[3])) ** 2).sum() / (CHUNKS * PER_CHUNK)
    return contrast + LAMBDA * equivariance


def epoch():
    started = time.perf_counter()
    torch.manual_seed(0)
    loader = DataLoader(
        images(), BATCH, shuffle=True, drop_last=True, num_workers=WORKERS, collate_fn=collate
    )
    encoder = network()
    optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3, weight_decay=1e-6)
    for views in loader:
        loss = objective(views, encoder)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.isfinite(loss).item()
    with tempfile.NamedTemporaryFile() as file:
        torch.save({"model": encoder.state_dict(), "optimizer": optimizer.state_dict()}, file)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - started


print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "parameters":
        print(json.dumps([sum(p.numel() for p in network().parameters())]), flush=True)
    else:
        print(json.dumps([epoch() for _ in range(int(line))]), flush=True)
