"""Dense layers and reductions."""

import numpy as np

from .registry import as_list, operator


@operator("Gemm")
def gemm(node, a, b, c=None):
    a = a.T if node.get("transA", 0) else a
    b = b.T if node.get("transB", 0) else b
    product = node.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + node.get("beta", 1.0) * c


@operator("MatMul")
def matmul(node, a, b):
    return a @ b


@operator("ReduceMean")
def reduce_mean(node, x, axes=None):
    axes = as_list(axes if axes is not None else node.get("axes"))
    return np.mean(x, axis=tuple(axes) if axes else None, keepdims=bool(node.get("keepdims", 1)))
