"""Golden values of torch.optim.SGD and Adam on a fixed series of gradients: `python sgd.py > sgd.json` (PyTorch 2.15)."""
import json

import torch

torch.set_default_dtype(torch.float64)
WEIGHT = [[0.5, -1.25, 2.0], [3.0, 0.0, -0.75]]
BIAS = [1.5, -2.5]
RATES = [0.1, 0.1, 0.05, 0.2]


def gradient(parameter, step):
    """Depends on the parameter, so that an error shows in what follows; computed the same way in the test."""
    return torch.sin(3 * parameter.detach() + step)


def run(make):
    parameters = [torch.nn.Parameter(torch.tensor(WEIGHT)), torch.nn.Parameter(torch.tensor(BIAS))]
    optimizer = make(parameters)
    for step, rate in enumerate(RATES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for parameter in parameters:
            parameter.grad = gradient(parameter, step)
        optimizer.step()
    return [p.detach().flatten().tolist() for p in parameters]


def groups(parameters, decay):
    return [{"params": [parameters[0]], "weight_decay": decay}, {"params": [parameters[1]], "weight_decay": 0}]


SGD, ADAM = torch.optim.SGD, torch.optim.Adam
print(
    json.dumps(
        {
            "weight": WEIGHT,
            "bias": BIAS,
            "rates": RATES,
            "plain": run(lambda p: SGD(p, lr=1)),
            "momentum": run(lambda p: SGD(p, lr=1, momentum=0.9)),
            "decay": run(lambda p: SGD(p, lr=1, momentum=0.9, weight_decay=0.2)),
            "nesterov": run(lambda p: SGD(p, lr=1, momentum=0.8, weight_decay=0.1, nesterov=True)),
            "decayWeights": run(lambda p: SGD(groups(p, 0.2), lr=1, momentum=0.9)),
            "adam": run(lambda p: ADAM(p, lr=1, weight_decay=0.2)),
            "adamDecayWeights": run(lambda p: ADAM(groups(p, 0.2), lr=1)),
        }
    )
)
