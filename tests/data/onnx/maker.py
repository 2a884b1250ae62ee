"""Builds ONNX graphs by hand, as exporters other than torch write them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from case import NEWEST_CHECKED


class Maker:
    """Collects nodes and initializers; `raw=False` stores tensors as float_data/int64_data."""

    def __init__(self, opset=13, raw=True):
        self._opset, self._raw = opset, raw
        self._nodes, self._initializers = [], []

    def tensor(self, name, values, dtype=np.float32):
        array = np.asarray(values, dtype=dtype)
        if self._raw:
            tensor = numpy_helper.from_array(array, name)
        else:
            kind = onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[array.dtype]
            tensor = helper.make_tensor(name, kind, array.shape, array.ravel().tolist())
        self._initializers.append(tensor)
        return name

    def ints(self, name, values):
        return self.tensor(name, values, np.int64)

    def node(self, op, *inputs, out=None, **attributes):
        out = out or f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def model(self, image_shape, logits_shape, ir=8, weights_are_inputs=False, check=True):
        """The model; the last node must have written "logits"."""
        inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, image_shape)]
        if weights_are_inputs:
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self._initializers]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, logits_shape)]
        graph = helper.make_graph(self._nodes, "test", inputs, outputs, self._initializers)
        opset = helper.make_opsetid("", self._opset)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=ir, producer_name="serdab")
        if check and self._opset <= NEWEST_CHECKED:
            onnx.checker.check_model(model, full_check=True)
        return model
