"""What a test model is: an ONNX model, an input, and the output that two programs agree on."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[2] / "models"))

from common.executor import Executor  # noqa: E402

NEWEST_CHECKED = 17  # onnx 1.12 knows no later opset


def dyadic(shape, seed):
    """Random multiples of 1/64 in [-2, 2]: exact in float32 and short in JSON."""
    return np.random.default_rng(seed).integers(-128, 129, shape) / 64.0


def _plain(array):
    return {"shape": list(array.shape), "values": array.ravel().tolist()}


def write(name, model, image, twin):
    """Saves name.onnx and name.json; `twin` computes the same in torch, from a float64 tensor."""
    output = Executor(model).run(image)
    with torch.no_grad():
        other = twin(torch.tensor(image)).numpy()
    if output.shape != other.shape or not np.allclose(output, other, rtol=1e-5, atol=1e-6):
        raise AssertionError(f"{name}: the numpy executor and torch disagree")
    opset = model.opset_import[0].version
    record = {"opset": opset, "input": _plain(image), "output": _plain(output)}
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())
    (FOLDER / f"{name}.json").write_text(json.dumps(record) + "\n")


def write_refused(name, data, why):
    """Saves bytes that an importer must refuse with a typed error, and the reason."""
    (FOLDER / f"{name}.onnx").write_bytes(data)
    (FOLDER / f"{name}.json").write_text(json.dumps({"refused": why}) + "\n")
