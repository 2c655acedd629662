"""Golden factors of torch.optim.lr_scheduler: `python schedules.py > schedules.json` (PyTorch 2.15, CPU)."""
import json

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, SequentialLR


def factors(count, make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    result = []
    for _ in range(count):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


def warm(optimizer, after, length, start):
    first = LinearLR(optimizer, start_factor=start, total_iters=length)
    return SequentialLR(optimizer, [first, after], milestones=[length])


print(
    json.dumps(
        {
            "cosine20": factors(20, lambda o: CosineAnnealingLR(o, 20)),
            "multiStep": factors(12, lambda o: MultiStepLR(o, [3, 7, 8], gamma=0.1)),
            "warmCosine": factors(20, lambda o: warm(o, CosineAnnealingLR(o, 15), 5, 0.2)),
            "warmConstant": factors(10, lambda o: LinearLR(o, start_factor=0.25, total_iters=4)),
        }
    )
)
