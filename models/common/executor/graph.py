"""Walks an ONNX graph node by node."""

import numpy as np
import onnx
from onnx import numpy_helper

from . import elementwise, matrices, shapes, windows  # noqa: F401  (they fill OPERATORS)
from .registry import OPERATORS


class Node:
    """One node's attributes, with the opset of its model."""

    def __init__(self, proto, opset):
        self.op_type, self.opset = proto.op_type, opset
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self._attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}

    def get(self, name, default=None):
        return self._attributes.get(name, default)


def _array(tensor):
    """Tensors of floats widen to float64; integers stay."""
    array = numpy_helper.to_array(tensor)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


class Executor:
    """Runs a model with one image input and one output, in float64."""

    def __init__(self, model):
        self._opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        self._constants = {tensor.name: _array(tensor) for tensor in model.graph.initializer}
        self._nodes = [Node(proto, self._opset) for proto in model.graph.node]
        self._input = next(i.name for i in model.graph.input if i.name not in self._constants)
        self._output = model.graph.output[0].name

    def run(self, image):
        values = {"": None, **self._constants, self._input: np.asarray(image, dtype=np.float64)}
        for node in self._nodes:
            values[node.outputs[0]] = self._evaluate(node, values)
        return values[self._output]

    @staticmethod
    def _evaluate(node, values):
        if node.op_type == "Constant":
            return _array(node.get("value"))
        if node.op_type not in OPERATORS:
            raise NotImplementedError(node.op_type)
        return OPERATORS[node.op_type](node, *(values[name] for name in node.inputs))
