"""Values of the measures from numpy and scipy, for test/measure. Run: python measures.py > measures.json

Numbers are rounded to float32 first, so that both sides read the same ones.
"""
import json

import numpy as np
import scipy
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.transform import Rotation

rng = np.random.default_rng(7)


def single(x):
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def rows_of(n, d):
    x = rng.normal(size=(n, d))
    return single(x / np.linalg.norm(x, axis=1, keepdims=True))


def numbers(x):
    return np.asarray(x, dtype=np.float64).flatten().tolist()


def procrustes_case(n, d):
    a, b = rows_of(n, d), rows_of(n, d)
    # scipy minimises ||A Q - B|| over row vectors, so our R is its Q transposed.
    q, _ = orthogonal_procrustes(a, b)
    return {"rows": n, "dim": d, "from": numbers(a), "to": numbers(b), "rotation": numbers(q.T),
            "error": float(np.linalg.norm(a @ q - b))}


def align_case(n, mirrored):
    a = rows_of(n, 3)
    b = single(Rotation.random(random_state=3).apply(a) + 0.05 * rng.normal(size=(n, 3)))
    if mirrored:
        b = b * [1, 1, -1]
    rotation, rssd = Rotation.align_vectors(b, a)
    return {"rows": n, "dim": 3, "from": numbers(a), "to": numbers(b),
            "rotation": numbers(rotation.as_matrix()), "error": float(rssd)}


def gamma_case(n, d):
    x = rows_of(n, d)
    y = single(x + 0.3 * rng.normal(size=(n, d)))
    ratios, tops, bottoms = [], [], []
    moved = ((y - x) ** 2).sum(1)
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            change = ((y[j] - y[i]) ** 2).sum() - ((x[j] - x[i]) ** 2).sum()
            tops.append(change**2)
            bottoms.append((moved[i] + moved[j]) ** 2)
            ratios.append(tops[-1] / bottoms[-1])
    return {"rows": n, "dim": d, "from": numbers(x), "to": numbers(y), "gamma": float(np.mean(ratios)),
            "pooled": float(np.mean(tops) / np.mean(bottoms)), "invariance": float(moved.mean())}


def spectrum_case(n, d):
    x = single(rng.normal(size=(n, d)) * np.linspace(2, 0.1, d) + 3)
    covariance = np.cov(x.T, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(d)])
    vectors = vectors * signs
    p = values / values.sum()
    s = np.linalg.svd(x - x.mean(0), compute_uv=False)
    q = s / s.sum()
    return {"rows": n, "dim": d, "values": numbers(x), "variances": numbers(values),
            "effectiveRank": float(np.exp(-(p * np.log(p)).sum())),
            "ofSingularValues": float(np.exp(-(q * np.log(q)).sum())),
            "components": numbers(vectors.T[:2]),
            "projection": numbers((x - x.mean(0)) @ vectors[:, :2]),
            "explained": numbers(p[:2])}


def uniformity_case(n, d):
    x = rows_of(n, d)
    gram = x @ x.T
    return {"rows": n, "dim": d, "values": numbers(x), "temperature": 0.5,
            "uniformity": float(np.log(np.exp(gram[~np.eye(n, dtype=bool)] / 0.5).mean()))}


def roundness_case(n):
    angle = 2 * np.pi * np.arange(n) / n
    z = np.exp(1j * angle) + 0.4 * np.exp(-1j * angle) + 0.3 * np.exp(2j * angle)
    z = z + 0.1 * (rng.normal(size=n) + 1j * rng.normal(size=n)) + (2 - 1j)
    power = np.abs(np.fft.fft(z) / n) ** 2
    total = power[1:].sum()
    return {"path": numbers(np.stack([z.real, z.imag], 1)), "roundness": float(abs(power[1] - power[-1]) / total),
            "shares": numbers([(power[h] + power[-h]) / total for h in range(1, (n - 1) // 2 + 1)])}


print(json.dumps({
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "procrustes": [procrustes_case(9, 4), procrustes_case(20, 6)],
    "align": [align_case(8, False), align_case(8, True)],
    "gamma": gamma_case(7, 4),
    "spectrum": spectrum_case(12, 5),
    "uniformity": uniformity_case(8, 3),
    "roundness": [roundness_case(11), roundness_case(12)],
}))
