"""A network of models/ restored from its committed model.onnx, to teach another."""

import importlib.util

import onnx
import torch
from onnx import numpy_helper


def _build_of(folder):
    spec = importlib.util.spec_from_file_location(f"{folder.name}.train", folder / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build


def load_teacher(folder):
    """build() of folder/train.py with the weights of folder/model.onnx, whose names the export kept."""
    tensors = onnx.load(str(folder / "model.onnx")).graph.initializer
    state = {tensor.name: torch.tensor(numpy_helper.to_array(tensor)) for tensor in tensors}
    network = _build_of(folder)()
    missing, unknown = network.load_state_dict(state, strict=False)
    if unknown or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{folder}/model.onnx does not hold the weights of its train.py")
    return network.eval()
