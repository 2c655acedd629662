"""Golden values of torchvision's residual networks: `python resnet.py > resnet.json` (PyTorch 2.15, torchvision 0.29, CPU).

Weights, images and targets come from a formula that test/models/formula.ts repeats, so only results are stored. All is
computed in float64 from values rounded to float32: what differs from it is the other side's float32 arithmetic.

A tensor is stored as its norm and its products with two fixed vectors of unit variance, and in full where it is small.

Of the hundred thousands of values that go into rectifiers, some lie closer to zero than float32 rounds, and each that
falls on the other side changes the gradients of all layers below by some thousandths. For gradients, images are therefore
few and small, and of 40 draws the one is taken in which the closest value is farthest from zero. Three steps of training
move every value, and no draw stays clear of zero through all of them: PyTorch's own float32 arithmetic, contiguous and
channels_last, then differs from its float64 arithmetic by .0033 where it otherwise does by .00003. So for training the
shifts of batch norm are large, upwards in every other channel and downwards in those between: rectifiers pass and block as
they do elsewhere, but none of their inputs is near zero.
"""
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

STEPS = 3
SHIFT = 6
FULL = 16


def uniform(name, count):
    """`count` numbers in (0, 1) that depend on the name alone: FNV-1a of it, then MurmurHash3's finaliser."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) % 2**32
    h = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + seed) % 2**32
    h ^= h >> np.uint64(16)
    h = (h * 0x85EBCA6B) % 2**32
    h ^= h >> np.uint64(13)
    h = (h * 0xC2B2AE35) % 2**32
    h ^= h >> np.uint64(16)
    return (h + 0.5) / 2**32


def signed(name, shape):
    values = 2 * uniform(name, int(np.prod(shape))) - 1
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def weight(name, shape):
    """Of the size that such a parameter has in a network; small for the last scale of a bottleneck's branch, as fifty
    layers are ill-conditioned otherwise."""
    noise = signed(name, shape)
    part = name.rsplit(".", 1)[1]
    if part == "running_var":
        value = 1 + 0.5 * noise
    elif part == "running_mean":
        value = 0.2 * noise
    elif part == "bias":
        value = 0.1 * noise
    elif len(shape) == 1:
        value = (0.2 if "bn3" in name else 1) * (1 + 0.25 * noise)
    elif len(shape) == 4:
        value = noise * (6 / (shape[0] * shape[2] * shape[3])) ** 0.5
    else:
        value = noise * (3 / shape[1]) ** 0.5
    return value.float().double()


class ImageEncoder(nn.Module):
    def __init__(self, encoder, hidden, outputs):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(
            nn.Linear(512, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs)
        )

    def forward(self, x):
        return F.normalize(self.head(self.encoder(x)), dim=1)


def network(depth, stem):
    model = getattr(torchvision.models, f"resnet{depth}")()
    model.fc = nn.Identity()
    if stem == "cifar":
        model.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        model.maxpool = nn.Identity()
    return model


def fill(model, shift=0):
    """Weights by the formula; `shift` is added to the biases of batch norm, up and down by turns of channels."""
    shapes = model.state_dict()
    state = {name: weight(name, tuple(t.shape)) if t.is_floating_point() else t for name, t in shapes.items()}
    for name, t in state.items():
        if name.endswith("bias") and name[: -len("bias")] + "running_mean" in shapes:
            state[name] = (t + shift * (1 - 2 * (torch.arange(len(t)) % 2))).float().double()
    model.double().load_state_dict(state)
    return model


def digits(values):
    return [float(f"{v:.8g}") for v in values]


def summary(name, tensor):
    flat = tensor.detach().flatten()
    dots = [(flat * torch.from_numpy(3**0.5 * (2 * uniform(f"{name}#{i}", len(flat)) - 1))).sum() for i in range(2)]
    result = {"norm": digits([flat.norm()])[0], "dots": digits(dots)}
    if len(flat) <= FULL:
        result["values"] = digits(flat)
    return result


def summaries(tensors):
    return {name: summary(name, t) for name, t in tensors.items() if t.is_floating_point()}


def closeness_in(model):
    """Of images: how close a rectifier's input comes to zero, or the two largest of a window to each other, in `model`."""
    found = []

    def note(distances, x):
        found.append((distances.min() / x.pow(2).mean().sqrt()).item())

    def of_relu(_, inputs, __):
        note(inputs[0].abs(), inputs[0])

    def of_max(_, inputs, __):
        x = inputs[0]
        windows = F.unfold(F.pad(x, (1, 1, 1, 1), value=-1e9), 3, stride=2).view(*x.shape[:2], 9, -1)
        largest = windows.topk(2, dim=2).values
        note((largest[:, :, 0] - largest[:, :, 1])[largest[:, :, 0] > 0], x)

    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
            module.register_forward_hook(of_relu)
        if isinstance(module, nn.MaxPool2d):
            module.register_forward_hook(of_max)

    def of_images(images):
        found.clear()
        with torch.no_grad():
            model(images)
        return min(found)

    return of_images


def trained(make, optimizer_of, images, target):
    model = make()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    optimizer = optimizer_of(model.parameters())
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (model(images) * target).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # The change: the weights themselves hardly move in three steps.
    parameters = {name for name, _ in model.named_parameters()}
    change = {name: t - before[name] for name, t in model.state_dict().items() if name in parameters}
    return {"losses": digits(losses), "change": summaries(change)}


def drawn(name, batch, side):
    # Channels last, as on the other side.
    return signed(name, (batch, side, side, 3)).permute(0, 3, 1, 2).contiguous()


def forward(build, batch, side):
    images = drawn("images", batch, side)
    model = fill(build()).eval()
    with torch.no_grad():
        inference = model(images)
        output = model.train()(images)
    return {
        "images": [batch, side, side, 3],
        "eval": summary("eval", inference),
        "evalFirst": digits(inference[0, :FULL]),
        "train": summary("train", output),
        "trainFirst": digits(output[0, :FULL]),
        "buffers": summaries(dict(model.named_buffers())),
    }


def training(build, batch, side):
    make = lambda: fill(build()).train()
    shifted = lambda: fill(build(), SHIFT).train()
    closeness = closeness_in(make())
    name = max((f"images{k}" for k in range(40)), key=lambda n: closeness(drawn(n, batch, side)))
    images = drawn(name, batch, side)
    model = make()
    output = model(images)
    target = signed("target", tuple(output.shape))
    (output * target).mean().backward()
    # With the usual epsilon the first step is the sign of the gradient, which rounding decides where it is near zero.
    adam = lambda p: torch.optim.Adam(p, lr=1e-3, weight_decay=1e-2, eps=1e-2)
    sgd = lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9, weight_decay=0.1)
    return {
        "name": name,
        "images": [batch, side, side, 3],
        "gradients": summaries({name: p.grad for name, p in model.named_parameters()}),
        "shift": SHIFT,
        "adam": trained(shifted, adam, images, target),
        "sgd": trained(shifted, sgd, images, target),
    }


def case(build, forward_size, training_size=None):
    shapes = {name: list(t.shape) for name, t in build().state_dict().items() if t.is_floating_point()}
    result = {"shapes": shapes, "forward": forward(build, *forward_size)}
    return result if training_size is None else {**result, "training": training(build, *training_size)}


print(
    json.dumps(
        {
            "encoder18": case(lambda: ImageEncoder(network(18, "cifar"), 32, 16), (8, 32), (8, 8)),
            "resnet18": case(lambda: network(18, "imagenet"), (4, 64), (8, 32)),
            "resnet50": case(lambda: network(50, "cifar"), (4, 32), (16, 4)),
            "resnet34": case(lambda: network(34, "imagenet"), (2, 65)),
            "resnet50Imagenet": case(lambda: network(50, "imagenet"), (2, 65)),
        },
        separators=(",", ":"),
    )
)
