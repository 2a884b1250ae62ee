"""Reader of the IDX format (the MNIST family), plain or gzipped."""

import gzip
from pathlib import Path

import numpy as np


def read_idx(path):
    """The uint8 array stored in an IDX file; raises ValueError where the file is not one."""
    path = Path(path)
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    dims = data[3]
    shape = np.frombuffer(data, ">u4", dims, 4).astype(int)
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * dims)
    if values.size != shape.prod():
        raise ValueError(f"{path}: {values.size} bytes where the header promises {shape.prod()}")
    return values.reshape(shape)
