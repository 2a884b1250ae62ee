"""ONNX export with BatchNormalization kept as nodes of its own, described and checked."""

import io
import json

import onnx
import torch


def export_onnx(network, data, name, path):
    """Writes `network` in eval mode: opset 13, image (N, 1, H, W) -> logits (N, classes)."""
    buffer = io.BytesIO()
    example = torch.zeros(2, *data.val.images.shape[1:])
    torch.onnx.export(
        network.eval(),
        example,
        buffer,
        opset_version=13,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}},
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    model.graph.name = name
    facts = {"name": name, "classes": json.dumps(data.classes), "scaling": data.scaling, "data": data.name}
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
