"""Operators that treat every value alone."""

import numpy as np

from .registry import operator


def _softplus(x):
    return np.logaddexp(0.0, x)


BINARY = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Pow": np.power}

UNARY = {
    "Identity": lambda x: x,
    "Dropout": lambda x: x,
    "Neg": np.negative,
    "Relu": lambda x: np.maximum(x, 0.0),
    "Sigmoid": lambda x: np.exp(-_softplus(-x)),
    "Softplus": _softplus,
    "Tanh": np.tanh,
    "Mish": lambda x: x * np.tanh(_softplus(x)),
}

for _name, _function in BINARY.items():
    operator(_name)(lambda node, a, b, function=_function: function(a, b))
for _name, _function in UNARY.items():
    operator(_name)(lambda node, x, *_, function=_function: function(x))


@operator("Softmax")
def softmax(node, x):
    """Over one axis from opset 13 on, over all axes from `axis` before."""
    if node.opset >= 13:
        axes = node.get("axis", -1)
    else:
        axes = tuple(range(node.get("axis", 1) % x.ndim, x.ndim))
    shifted = np.exp(x - x.max(axis=axes, keepdims=True))
    return shifted / shifted.sum(axis=axes, keepdims=True)


@operator("BatchNormalization")
def batch_normalization(node, x, scale, bias, mean, variance):
    factor = scale / np.sqrt(variance + node.get("epsilon", 1e-5))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return x * factor.reshape(shape) + (bias - mean * factor).reshape(shape)
