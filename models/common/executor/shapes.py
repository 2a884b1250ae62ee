"""Operators that move or describe values without computing on them."""

import numpy as np
import onnx
from onnx import numpy_helper

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
def pad(node, x, pads=None, value=None, axes=None):
    """Pads and value are attributes before opset 11, inputs from there on, with axes from 18 on."""
    if node.get("mode", b"constant") != b"constant":
        raise NotImplementedError("Pad that is not constant")
    pads = as_list(pads if pads is not None else node.get("pads"))
    value = node.get("value", 0.0) if value is None else float(np.squeeze(value))
    axes = range(x.ndim) if axes is None else as_list(axes)
    widths = [(0, 0)] * x.ndim
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :]):
        widths[axis] = (before, after)
    return np.pad(x, widths, constant_values=value)


@operator("Shape")
def shape(node, x):
    return np.array(x.shape, dtype=np.int64)


@operator("Gather")
def gather(node, x, indices):
    return np.take(x, indices, axis=node.get("axis", 0))


@operator("ConstantOfShape")
def constant_of_shape(node, shape):
    value = node.get("value")
    fill = np.float64(0.0) if value is None else numpy_helper.to_array(value)[0]
    return np.full([int(n) for n in shape], fill)


@operator("Cast")
def cast(node, x):
    kind = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[node.get("to")]
    return x.astype(np.float64 if kind.kind == "f" else kind)


@operator("Slice")
def slice_(node, x, starts, ends, axes=None, steps=None):
    """Opset 10 on; a negative end below -length with a negative step runs through the first entry."""
    axes = range(len(starts)) if axes is None else as_list(axes)
    steps = [1] * len(starts) if steps is None else as_list(steps)
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, as_list(starts), as_list(ends), steps):
        index[axis] = slice(start, None if step < 0 and end < -x.shape[axis] else end, step)
    return x[tuple(index)]
