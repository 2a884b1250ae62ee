"""Operators that move or describe values without computing on them."""

import numpy as np

from .registry import as_list, operator


@operator("Flatten")
def flatten(node, x):
    axis = node.get("axis", 1)
    rows = int(np.prod(x.shape[:axis], dtype=int))
    return x.reshape(rows, -1)


@operator("Reshape")
def reshape(node, x, shape):
    keep = not node.get("allowzero", 0)
    return x.reshape([x.shape[i] if n == 0 and keep else int(n) for i, n in enumerate(shape)])


@operator("Transpose")
def transpose(node, x):
    return x.transpose(as_list(node.get("perm")))


@operator("Concat")
def concat(node, *parts):
    return np.concatenate(parts, axis=node.get("axis"))


@operator("Squeeze")
def squeeze(node, x, axes=None):
    """Axes are an attribute before opset 13, an input from there on."""
    axes = as_list(axes if axes is not None else node.get("axes"))
    return np.squeeze(x, None if axes is None else tuple(axes))


@operator("Unsqueeze")
def unsqueeze(node, x, axes=None):
    """Axes are an attribute before opset 13, an input from there on."""
    return np.expand_dims(x, tuple(as_list(axes if axes is not None else node.get("axes"))))


@operator("Pad")
def pad(node, x, pads=None, value=None):
    """Pads and value are attributes before opset 11, inputs from there on; constant mode alone."""
    if node.get("mode", b"constant") != b"constant":
        raise NotImplementedError("Pad that is not constant")
    pads = as_list(pads if pads is not None else node.get("pads"))
    value = node.get("value", 0.0) if value is None else float(np.squeeze(value))
    return np.pad(x, list(zip(pads[: x.ndim], pads[x.ndim :])), constant_values=value)


@operator("Shape")
def shape(node, x):
    return np.array(x.shape, dtype=np.int64)


@operator("Gather")
def gather(node, x, indices):
    return np.take(x, indices, axis=node.get("axis", 0))
