"""torchvision's side of the augmentation benchmark: `python views.py WORKERS`. PIL images, as in the official code."""
import json
import multiprocessing
import sys
import time

import numpy as np
import torch
import torchvision.transforms as T
from PIL import Image

WORKERS = int(sys.argv[1])
BATCH, VIEWS, SIZE = 256, 2, 32

augment = T.Compose([
    T.RandomResizedCrop(SIZE),
    T.RandomHorizontalFlip(p=0.5),
    T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
    T.RandomGrayscale(p=0.2),
    T.RandomApply([T.GaussianBlur(3, (0.1, 2.0))], p=0.5),
    T.ToTensor(),
    T.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
])


def pictures():
    """Smooth shapes with some noise: the time depends little on what is in them."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (BATCH, 4, 4, 3)).repeat(8, 1).repeat(8, 2)
    noisy = np.clip(coarse + random.normal(0, 20, coarse.shape), 0, 255).astype(np.uint8)
    return [Image.fromarray(pixels) for pixels in noisy]


def work(worker, orders, answers):
    """One process: its share of the batch, both views, put together as a batch is. Nothing is sent back but a sum."""
    torch.set_num_threads(1)
    torch.manual_seed(worker)
    images = pictures()[worker::WORKERS]
    while orders.get():
        views = torch.stack([augment(image) for _ in range(VIEWS) for image in images])
        answers.put(float(views.mean()))


def main():
    context = multiprocessing.get_context("fork")
    orders = [context.SimpleQueue() for _ in range(WORKERS)]
    answers = context.SimpleQueue()
    team = [context.Process(target=work, args=(i, orders[i], answers), daemon=True) for i in range(WORKERS)]
    for process in team:
        process.start()

    def batch():
        started = time.perf_counter()
        for queue in orders:
            queue.put(True)
        for _ in orders:
            answers.get()
        return time.perf_counter() - started

    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps([batch() for _ in range(int(line))]), flush=True)


main()
