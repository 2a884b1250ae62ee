"""Files that an importer must refuse with a typed error: never a crash, never a wrong network."""

from onnx import TensorProto, helper

from case import dyadic, write_refused
from maker import Maker

NAMED = ["N", 2, 4, 4]


def _mlp(**options):
    maker = Maker(13, **options)
    maker.node("MatMul", "image", maker.tensor("weight", dyadic((4, 3), 1)), out="logits")
    return maker.model(["N", 4], ["N", 3])


def _conv(channels=2, groups=1, **attributes):
    maker = Maker(13)
    kernel = maker.tensor("kernel", dyadic((2, channels, 3, 3), 1))
    x = maker.node("Conv", "image", kernel, group=groups, **attributes)
    maker.node("Flatten", x, out="logits")
    return maker.model(NAMED, ["N", "K"], check=False)


def _one_node(op, *inputs, check=True, **attributes):
    maker = Maker(13)
    x = maker.node(op, "image", *inputs, **attributes)
    maker.node("Flatten", x, out="logits")
    return maker.model(NAMED, ["N", "K"], check=check)


def max_pool():
    return _one_node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def lstm():
    maker = Maker(13)
    inputs = maker.tensor("w", dyadic((1, 12, 4), 1)), maker.tensor("r", dyadic((1, 12, 3), 2))
    maker.node("LSTM", "image", *inputs, hidden_size=3, out="logits")
    return maker.model(["N", 2, 4], ["N", 1, 2, 3])


def einsum():
    maker = Maker(13)
    maker.node("Einsum", "image", maker.tensor("w", dyadic((4, 3), 1)), equation="ni,io->no", out="logits")
    return maker.model(["N", 4], ["N", 3])


def unknown_operator():
    return _one_node("Frobnicate", check=False)


def custom_domain():
    model = _one_node("Relu")
    model.graph.node[0].domain = "com.example"
    return model


def two_inputs():
    model = _mlp()
    extra = helper.make_tensor_value_info("second", TensorProto.FLOAT, ["N", 4])
    model.graph.input.append(extra)
    model.graph.node[0].input[1] = "second"
    return model


def integer_image():
    model = _mlp()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return model


def string_weights():
    model = _mlp()
    strings = helper.make_tensor("weight", TensorProto.STRING, (4, 3), [b"x"] * 12)
    model.graph.initializer[0].CopyFrom(strings)
    return model


def tensor_too_short():
    model = _mlp()
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]
    return model


def tensor_too_long():
    model = _mlp(raw=False)
    model.graph.initializer[0].float_data.append(1.0)
    return model


def tensor_dims_overflow():
    model = _mlp()
    model.graph.initializer[0].dims[:] = [2**33, 2**33]
    return model


def tensor_dims_negative():
    model = _mlp()
    model.graph.initializer[0].dims[:] = [-4, -3]
    return model


def tensor_not_finite():
    model = _mlp(raw=False)
    model.graph.initializer[0].float_data[5] = float("nan")
    return model


def external_data():
    model = _mlp()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/hostname")
    return model


def missing_initializer():
    model = _mlp()
    del model.graph.initializer[:]
    return model


def unknown_output():
    model = _mlp()
    model.graph.output[0].name = "nothing"
    return model


def value_written_twice():
    model = _mlp()
    model.graph.node.append(model.graph.node[0])
    return model


def cycle():
    maker = Maker(13)
    maker.node("Add", "image", "b", out="a")
    maker.node("Relu", "a", out="b")
    maker.node("Identity", "a", out="logits")
    return maker.model(["N", 4], ["N", 4], check=False)


def no_graph():
    model = _mlp()
    model.ClearField("graph")
    return model


def opset_99():
    model = _mlp()
    model.opset_import[0].version = 99
    return model


def matmul_shapes_differ():
    model = _mlp()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5
    return model


def reshape_loses_values():
    maker = Maker(13)
    maker.node("Reshape", "image", maker.ints("shape", [-1, 30]), out="logits")
    return maker.model(NAMED, ["N", 30], check=False)


def reshape_mixes_images():
    maker = Maker(13)
    maker.node("Reshape", "image", maker.ints("shape", [2, -1]), out="logits")
    return maker.model(NAMED, [2, "K"], check=False)


def concat_of_images():
    maker = Maker(13)
    maker.node("Concat", "image", "image", axis=0, out="logits")
    return maker.model(["N", 4], ["M", 4])


def pad_reflect():
    maker = Maker(13)
    maker.node("Pad", "image", maker.ints("pads", [0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect", out="logits")
    return maker.model(NAMED, ["N", 2, 6, 6])


# name: (model, why)
MODELS = {
    "max_pool": (max_pool, "MaxPool has no polynomial form"),
    "lstm": (lstm, "LSTM is not supported"),
    "einsum": (einsum, "Einsum is not supported"),
    "unknown_operator": (unknown_operator, "no operator of this name exists"),
    "custom_domain": (custom_domain, "operators of other domains have no known meaning"),
    "two_inputs": (two_inputs, "two graph inputs that are not initializers"),
    "integer_image": (integer_image, "the image is not a float tensor"),
    "string_weights": (string_weights, "an initializer of strings"),
    "tensor_too_short": (tensor_too_short, "44 bytes where the dims promise 48"),
    "tensor_too_long": (tensor_too_long, "13 floats where the dims promise 12"),
    "tensor_dims_overflow": (tensor_dims_overflow, "dims whose product overflows 64 bits"),
    "tensor_dims_negative": (tensor_dims_negative, "negative dims"),
    "tensor_not_finite": (tensor_not_finite, "a weight is NaN"),
    "external_data": (external_data, "weights in another file, named by a path"),
    "missing_initializer": (missing_initializer, "a node reads a value that nothing writes"),
    "unknown_output": (unknown_output, "the graph output is written by no node"),
    "value_written_twice": (value_written_twice, "two nodes write the same value"),
    "cycle": (cycle, "the nodes form a cycle"),
    "no_graph": (no_graph, "a model without a graph"),
    "opset_99": (opset_99, "an opset that does not exist"),
    "matmul_shapes_differ": (matmul_shapes_differ, "MatMul of 5 columns with 4 rows"),
    "conv_channels_differ": (lambda: _conv(channels=3), "a kernel of 3 channels on an image of 2"),
    "conv_group_indivisible": (lambda: _conv(channels=1, groups=3), "3 groups of 2 channels"),
    "conv_stride_zero": (lambda: _conv(strides=[0, 1]), "a stride of 0"),
    "conv_kernel_too_large": (lambda: _conv(dilations=[3, 3]), "a dilated kernel larger than the image"),
    "conv_pads_negative": (lambda: _conv(pads=[-1, 0, 0, 0]), "negative padding of a Conv"),
    "conv_pads_too_few": (lambda: _conv(pads=[1, 1]), "two pads where four are needed"),
    "reshape_loses_values": (reshape_loses_values, "32 values cannot become rows of 30"),
    "reshape_mixes_images": (reshape_mixes_images, "the batch dimension becomes something else"),
    "concat_of_images": (concat_of_images, "Concat along the batch dimension"),
    "pad_reflect": (pad_reflect, "Pad in reflect mode"),
}


def damaged(model):
    """Files that are no longer protobuf messages of a model."""
    whole = model.SerializeToString()
    return {
        "empty_file": (b"", "an empty file"),
        "cut_file": (whole[: len(whole) * 2 // 3], "the file ends in the middle of a message"),
        "text_file": (b"this is not a model\n" * 8, "not a protobuf message"),
    }


def make():
    for name, (build, why) in MODELS.items():
        write_refused(f"refused_{name}", build().SerializeToString(), why)
    for name, (data, why) in damaged(_mlp()).items():
        write_refused(f"refused_{name}", data, why)
