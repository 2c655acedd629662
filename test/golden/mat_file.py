"""MATLAB files of version 5 as SciPy writes them, as an oracle for src/data/mat-file.ts.

    VENV/bin/pip install scipy numpy
    VENV/bin/python test/golden/mat_file.py > test/golden/mat_file.json

`labels` and `splits` have the variables of Flowers-102's imagelabels.mat and setid.mat, for a set of 12 images.
"""

import base64
import io
import json

import numpy as np
import scipy
from scipy.io import savemat


def written(variables, compress):
    buffer = io.BytesIO()
    savemat(buffer, variables, do_compression=compress)
    return base64.b64encode(buffer.getvalue()).decode()


mixed = {
    "doubles": np.array([[1.5, -2.25, 1e300], [0.0, 3.0, -1e-300]]),
    "bytes": np.arange(250, 256, dtype=np.uint8).reshape(2, 3),
    "shorts": np.array([[-300], [300], [32767]], dtype=np.int16),
    "ints": np.array([[2**31 - 1, -(2**31)]], dtype=np.int32),
    "longs": np.array([[2**40, -(2**40)]], dtype=np.int64),
    "singles": np.array([[0.5, 0.25]], dtype=np.float32),
    "one": np.array([[7]], dtype=np.uint16),
    "text": "not a matrix of numbers",
    "complex": np.array([[1 + 2j]]),
    "cube": np.zeros((2, 2, 2)),
    "cell": np.array([[np.array([1, 2]), "x"]], dtype=object),
}
numeric = ["doubles", "bytes", "shorts", "ints", "longs", "singles", "one"]
labels = {"labels": np.array([[1, 1, 2, 102, 2, 3, 3, 102, 1, 2, 3, 102]], dtype=np.uint8)}
splits = {
    "trnid": np.array([[2, 11, 3]], dtype=np.uint16),
    "valid": np.array([[6, 4]], dtype=np.uint16),
    "tstid": np.array([[1, 5, 7, 8, 9, 10, 12]], dtype=np.uint16),
}
print(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "compressed": written(mixed, True),
            "plain": written(mixed, False),
            "values": {
                name: {"shape": mixed[name].shape, "values": mixed[name].ravel(order="F").tolist()} for name in numeric
            },
            "labels": written(labels, True),
            "splits": written(splits, True),
        },
        indent=1,
    )
)
