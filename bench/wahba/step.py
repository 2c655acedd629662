"""NumPy's side of the Wahba benchmark: `python step.py ROWS DIM TRIALS THREADS TYPE`, TYPE float32 or float64."""
import json
import os
import sys
import time

ROWS, DIM, TRIALS, THREADS = (int(value) for value in sys.argv[1:5])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import numpy as np  # noqa: E402
import scipy.linalg  # noqa: E402

TYPE = np.dtype(sys.argv[5])
rng = np.random.default_rng(0)


def sphere(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


plain = sphere(rng.normal(size=(ROWS, DIM)))
# One augmentation a trial: a rotation of its own, and noise.
turned = []
for _ in range(TRIALS):
    turn = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]
    turned.append(sphere(plain @ turn + 0.05 * rng.normal(size=(ROWS, DIM))))


def wahba(a, b):
    """R in SO(d) that takes rows of a to rows of b, the error of every row, and how far they moved."""
    left, _, right = scipy.linalg.svd(b.T @ a, check_finite=False)
    if np.linalg.det(left) * np.linalg.det(right) < 0:
        left[:, -1] *= -1
    rotation = left @ right
    residuals = np.linalg.norm(a @ rotation.T - b, axis=1)
    moved = np.linalg.norm(b - a)
    return np.linalg.norm(residuals), np.linalg.norm(residuals) / moved


def step():
    started = time.perf_counter()
    a = plain.astype(TYPE, copy=False)
    for other in turned:
        b = other.astype(TYPE, copy=False)
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise SystemExit("not finite")
        error, relative = wahba(a, b)
        assert 0 < relative < 1 and error > 0
    return time.perf_counter() - started


print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
