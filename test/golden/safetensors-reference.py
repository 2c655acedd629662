"""Writes safetensors-reference.safetensors beside this file with the reference implementation (safetensors 0.8.0, numpy)."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

save_file(
    {
        "phi.0.weight": np.array([[0.5, -1.25, 3.0], [1e-7, -0.0, 65504.0]], dtype=np.float32),
        "phi.0.bias": np.array([0.1, 0.2], dtype=np.float32),
        "step": np.array(7, dtype=np.int32),
        "seeds": np.array([-1, 0, 2147483647], dtype=np.int32),
        "empty": np.zeros((0, 3), dtype=np.float32),
        "größe": np.array([1.5], dtype=np.float32),
    },
    Path(__file__).with_suffix(".safetensors"),
    metadata={"format": "care"},
)
