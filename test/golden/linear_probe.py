"""Golden values of a linear probe in PyTorch: `python linear_probe.py > linear_probe.json` (PyTorch 2.15).

nn.Linear trained by cross entropy on fixed features, from fixed weights, in a fixed order, with the settings of both of
the paper's probes but fewer epochs; float64, so that what differs is our float32.
"""
import json

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(5)
ROWS, DIM, CLASSES, EPOCHS, BATCH = 23, 4, 3, 6, 8


def single(x):
    return x.to(torch.float32).to(torch.float64)


labels = torch.arange(ROWS) % CLASSES
centres = torch.randn(CLASSES, DIM)
features = single(centres[labels] + 0.7 * torch.randn(ROWS, DIM))
test = single(centres[torch.arange(9) % CLASSES] + 0.7 * torch.randn(9, DIM))
weight, bias = single(0.5 * torch.randn(CLASSES, DIM)), single(0.5 * torch.randn(CLASSES))
orders = [torch.randperm(ROWS) for _ in range(EPOCHS)]


def run(make, milestones=()):
    probe = torch.nn.Linear(DIM, CLASSES)
    with torch.no_grad():
        probe.weight.copy_(weight)
        probe.bias.copy_(bias)
    optimizer = make(probe.parameters())
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, list(milestones), gamma=0.1)
    for order in orders:
        for indices in order.split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(probe(features[indices]), labels[indices]).backward()
            optimizer.step()
        scheduler.step()
    return {
        "weight": probe.weight.detach().flatten().tolist(),
        "bias": probe.bias.detach().tolist(),
        "predictions": probe(test).argmax(1).tolist(),
    }


print(
    json.dumps(
        {
            "rows": ROWS,
            "dim": DIM,
            "classes": CLASSES,
            "epochs": EPOCHS,
            "batch": BATCH,
            "features": features.flatten().tolist(),
            "labels": labels.tolist(),
            "test": test.flatten().tolist(),
            "weight": weight.flatten().tolist(),
            "bias": bias.tolist(),
            "orders": [order.tolist() for order in orders],
            "adam": run(lambda p: torch.optim.Adam(p, lr=1e-3, weight_decay=1e-6)),
            "adamFast": run(lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.01)),
            "sgd": run(lambda p: torch.optim.SGD(p, lr=30, momentum=0.9), milestones=(2, 3)),
        }
    )
)
