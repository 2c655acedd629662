"""Pixels and distributions of torchvision's augmentations, for test/augment. Run: python augment.py > augment.json

torch 2.15.0, torchvision 0.29.2 on a CPU. Images are float32 tensors from 0 to 1, given by a formula of whole numbers
(`image`, the same in test/augment/formula.ts), so that only results are stored.
"""
import itertools
import json

import torch
import torchvision
import torchvision.transforms as T
import torchvision.transforms.functional as F

torch.manual_seed(0)
MEAN, STD = [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]
CIFAR = T.RandomResizedCrop(32)


def image(number, height, width):
    """[3, height, width]; every fourth image is grey, and each has black, white and pure colours in a corner."""
    pixels = torch.zeros(3, height, width)
    for c, y, x in itertools.product(range(3), range(height), range(width)):
        k = 0 if number % 4 == 3 else c
        value = (3 * x * x + 7 * y * (k + 1) + x * y + 40 * number * (k + 1) + 31 * k) % 256
        if y == 0 and x < 8:
            value = 255 * ((x >> k) & 1)
        pixels[c, y, x] = value / 255
    return pixels


def numbers(tensor):
    """Images [..., 3, h, w] as a flat list with the channels last."""
    return [round(v, 6) for v in tensor.movedim(-3, -1).flatten().tolist()]


def crop_case(height, width, size, boxes):
    views = [F.resized_crop(image(i, height, width), *box, size, antialias=True) for i, box in enumerate(boxes)]
    return {"height": height, "width": width, "size": size, "boxes": boxes, "pixels": numbers(torch.stack(views))}


def adjust(pixels, step, factor):
    return [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue][step](pixels, factor)


def jitter(pixels, order, factors):
    for step in order:
        pixels = adjust(pixels, step, factors[step])
    return pixels


def single_cases():
    cases = []
    for step, factors in enumerate([[0, 0.6, 1.4], [0, 0.6, 1.7], [0, 0.6, 1.9], [-0.5, -0.3, -0.1, 0.04, 0.1, 0.5]]):
        for number, factor in enumerate(factors):
            views = adjust(image(number, 5, 9), step, factor)
            cases.append({"step": step, "factor": factor, "number": number, "pixels": numbers(views)})
    return cases


def order_cases():
    cases = []
    for number, order in enumerate(itertools.permutations(range(4))):
        factors = [1.4 - 0.03 * number, 0.6 + 0.03 * number, 1.4 - 0.02 * number, -0.1 + 0.008 * number]
        factors = [round(f, 6) for f in factors]
        views = jitter(image(number, 4, 8), order, factors)
        cases.append({"order": order, "factors": factors, "number": number, "pixels": numbers(views)})
    return cases


def blur_case(height, width, kernel, sigmas):
    views = [F.gaussian_blur(image(i, height, width), [kernel, kernel], [s, s]) for i, s in enumerate(sigmas)]
    return {"height": height, "width": width, "kernel": kernel, "sigmas": sigmas, "pixels": numbers(torch.stack(views))}


def whole_case():
    """The whole augmentation with given parameters, of 32 x 32 images; every 13th number."""
    draws = [
        {"box": [3, 5, 20, 17], "flip": True, "order": [2, 0, 3, 1], "factors": [1.3, 0.7, 0.8, 0.08], "grey": False, "sigma": 1.1},
        {"box": [0, 0, 32, 32], "flip": False, "order": None, "factors": [1, 1, 1, 0], "grey": False, "sigma": None},
        {"box": [11, 2, 9, 12], "flip": True, "order": [3, 1, 2, 0], "factors": [0.7, 1.4, 1.2, -0.1], "grey": False, "sigma": 0.1},
        {"box": [1, 9, 31, 23], "flip": False, "order": [0, 1, 2, 3], "factors": [1.1, 1.1, 0.6, 0.05], "grey": True, "sigma": None},
        {"box": [20, 20, 10, 8], "flip": False, "order": [1, 3, 0, 2], "factors": [0.6, 1.39, 1.4, 0.02], "grey": True, "sigma": 2.0},
    ]
    views = []
    for number, d in enumerate(draws):
        view = F.resized_crop(image(number, 32, 32), *d["box"], [32, 32], antialias=True)
        view = F.hflip(view) if d["flip"] else view
        view = jitter(view, d["order"], d["factors"]) if d["order"] else view
        view = F.rgb_to_grayscale(view, 3) if d["grey"] else view
        view = F.gaussian_blur(view, [3, 3], [d["sigma"]] * 2) if d["sigma"] else view
        views.append(F.normalize(view, MEAN, STD))
    return {"draws": draws, "every": 13, "pixels": numbers(torch.stack(views))[::13]}


def spread(values):
    """Moments, quantiles and extremes."""
    x = torch.tensor(values, dtype=torch.float64)
    at = torch.tensor([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99], dtype=torch.float64)
    return {"count": len(x), "mean": x.mean().item(), "sd": x.std().item(), "min": x.min().item(), "max": x.max().item(),
            "quantiles": [round(v, 5) for v in torch.quantile(x, at, interpolation="nearest").tolist()]}


def crop_spread(height, width, scale, ratio, count):
    blank = torch.zeros(3, height, width)
    draws = [T.RandomResizedCrop.get_params(blank, list(scale), list(ratio)) for _ in range(count)]
    columns = {name: spread([float(d[k]) for d in draws]) for k, name in enumerate(["top", "left", "height", "width"])}
    return {"image": [height, width], "scale": scale, "ratio": ratio, "columns": columns}


def jitter_spread(count):
    tool = T.ColorJitter(0.4, 0.4, 0.4, 0.1)
    draws = [T.ColorJitter.get_params(tool.brightness, tool.contrast, tool.saturation, tool.hue) for _ in range(count)]
    columns = {name: spread([d[k + 1] for d in draws])
               for k, name in enumerate(["brightness", "contrast", "saturation", "hue"])}
    places = [[sum(d[0].tolist().index(step) == place for d in draws) / count for place in range(4)] for step in range(4)]
    return {"columns": columns, "places": places, "count": count}


def main():
    print(json.dumps({
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "crops": [
            crop_case(9, 11, [8, 6], [[0, 0, 9, 11], [2, 3, 5, 4], [8, 10, 1, 1], [1, 0, 8, 6]]),
            crop_case(23, 17, [5, 4], [[0, 0, 23, 17], [2, 3, 12, 5], [1, 9, 7, 8], [10, 2, 3, 13]]),
        ],
        "greys": [numbers(F.rgb_to_grayscale(image(n, 4, 8), 3)) for n in range(2)],
        "single": single_cases(),
        "orders": order_cases(),
        "blurs": [blur_case(9, 7, 3, [0.1, 0.4, 1, 2]), blur_case(6, 11, 5, [0.3, 3]), blur_case(5, 5, 1, [1])],
        "normalized": numbers(F.normalize(image(0, 3, 4), MEAN, STD)),
        "whole": whole_case(),
        "cropSpreads": [
            crop_spread(32, 32, [0.08, 1], [3 / 4, 4 / 3], 100_000),
            crop_spread(40, 96, [0.2, 0.9], [3 / 4, 4 / 3], 40_000),
            # So long that some draws, and then all, end in the central fallback.
            crop_spread(7, 60, [0.05, 1], [3 / 4, 4 / 3], 20_000),
            crop_spread(61, 10, [0.5, 1], [0.8, 1.25], 2_000),
        ],
        "jitterSpread": jitter_spread(100_000),
        "sigmaSpread": spread([T.GaussianBlur.get_params(0.1, 2.0) for _ in range(100_000)]),
    }))


main()
