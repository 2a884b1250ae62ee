"""Forms of operators that change between opsets, and corners that exporters reach."""

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper

from case import dyadic, write
from maker import Maker

IMAGE = (2, 2, 4, 4)
NAMED = ["N", 2, 4, 4]


def _flat(maker, x):
    return maker.node("Flatten", x, out="logits")


def squeeze_axes_as_attribute(opset):
    maker = Maker(opset)
    x = maker.node("GlobalAveragePool", "image")
    x = maker.node("Squeeze", x, axes=[2, 3])
    x = maker.node("Unsqueeze", x, axes=[1])
    _flat(maker, x)
    write(f"opset{opset}_squeeze_axes_as_attribute", maker.model(NAMED, ["N", 2]), dyadic(IMAGE, 1),
          lambda image: image.mean((2, 3)))


def squeeze_axes_as_input():
    maker = Maker(13)
    x = maker.node("GlobalAveragePool", "image")
    x = maker.node("Squeeze", x, maker.ints("axes", [-1, -2]))
    x = maker.node("Unsqueeze", x, maker.ints("one", [1]))
    _flat(maker, x)
    write("opset13_squeeze_axes_as_input", maker.model(NAMED, ["N", 2]), dyadic(IMAGE, 1),
          lambda image: image.mean((2, 3)))


def pad_as_attribute():
    maker = Maker(9)
    _flat(maker, maker.node("Pad", "image", mode="constant", pads=[0, 0, 1, 0, 0, 0, 0, 2], value=0.5))
    write("opset9_pad_as_attribute", maker.model(NAMED, ["N", 60]), dyadic(IMAGE, 1),
          lambda image: F.pad(image, (0, 2, 1, 0), value=0.5).flatten(1))


def pad_as_input(opset):
    maker = Maker(opset)
    pads = [0, 0, 1, 0, 0, 0, 0, 2] if opset < 18 else [1, 0, 0, 2]
    inputs = [maker.ints("pads", pads), maker.tensor("value", 0.5)]
    if opset >= 18:
        inputs.append(maker.ints("axes", [2, 3]))
    _flat(maker, maker.node("Pad", "image", *inputs))
    write(f"opset{opset}_pad_as_input", maker.model(NAMED, ["N", 60]), dyadic(IMAGE, 1),
          lambda image: F.pad(image, (0, 2, 1, 0), value=0.5).flatten(1))


def reduce_mean_axes_as_input():
    maker = Maker(18)
    x = maker.node("ReduceMean", "image", maker.ints("axes", [2, 3]), keepdims=0)
    maker.node("Identity", x, out="logits")
    write("opset18_reduce_mean_axes_as_input", maker.model(NAMED, ["N", 2]), dyadic(IMAGE, 1),
          lambda image: image.mean((2, 3)))


def mish_operator():
    maker = Maker(18)
    _flat(maker, maker.node("Mish", "image"))
    write("opset18_mish", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 1), lambda image: F.mish(image).flatten(1))


def softmax_before_13():
    """Over all axes from 1 on: the same as over the last one for (N, classes)."""
    maker = Maker(11)
    maker.node("Softmax", maker.node("Flatten", "image"), axis=1, out="logits")
    write("opset11_softmax", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 1),
          lambda image: torch.softmax(image.flatten(1), 1))


def dropout_and_identity(opset):
    maker = Maker(opset)
    if opset < 12:
        x = maker.node("Dropout", "image", ratio=0.5)
    else:
        x = maker.node("Dropout", "image", maker.tensor("ratio", 0.5))
    _flat(maker, maker.node("Identity", x))
    write(f"opset{opset}_dropout", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 1), lambda image: image.flatten(1))


def gemm(trans_b, alpha, beta):
    weight, bias = dyadic((3, 5) if trans_b else (5, 3), 1), dyadic(3, 2)
    maker = Maker(13)
    names = maker.tensor("weight", weight), maker.tensor("bias", bias)
    maker.node("Gemm", "image", *names, alpha=alpha, beta=beta, transB=int(trans_b), out="logits")

    def twin(image):
        matrix = torch.tensor(weight.T if trans_b else weight)
        return alpha * (image @ matrix) + beta * torch.tensor(bias)

    write(f"gemm_{'transposed' if trans_b else 'plain'}_alpha_beta", maker.model(["N", 5], ["N", 3]),
          dyadic((2, 5), 3), twin)


def gemm_without_bias():
    weight = dyadic((5, 3), 1)
    maker = Maker(13)
    maker.node("Gemm", "image", maker.tensor("weight", weight), out="logits")
    write("gemm_without_bias", maker.model(["N", 5], ["N", 3]), dyadic((2, 5), 3),
          lambda image: image @ torch.tensor(weight))


def average_pool(include):
    maker = Maker(13)
    x = maker.node("AveragePool", "image", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
                   count_include_pad=int(include))
    _flat(maker, x)
    write(f"average_pool_{'with' if include else 'without'}_count_include_pad",
          maker.model(NAMED, ["N", 8]), dyadic(IMAGE, 1),
          lambda image: F.avg_pool2d(image, 3, 2, 1, count_include_pad=include).flatten(1))


def conv_asymmetric_pads():
    kernel, bias = dyadic((3, 2, 3, 3), 1), dyadic(3, 2)
    maker = Maker(13)
    x = maker.node("Conv", "image", maker.tensor("kernel", kernel), maker.tensor("bias", bias), pads=[1, 0, 0, 2])
    _flat(maker, x)
    write("conv_asymmetric_pads", maker.model(NAMED, ["N", 36]), dyadic(IMAGE, 3),
          lambda image: F.conv2d(F.pad(image, (0, 2, 1, 0)), torch.tensor(kernel), torch.tensor(bias)).flatten(1))


def broadcast_arithmetic():
    """A per-channel Mul and Add of shape (C, 1, 1), a scalar on the left, and a division."""
    factor, offset = dyadic((2, 1, 1), 1), dyadic((1, 2, 1, 1), 2)
    maker = Maker(13)
    x = maker.node("Mul", "image", maker.tensor("factor", factor))
    x = maker.node("Add", x, maker.tensor("offset", offset))
    x = maker.node("Sub", maker.tensor("one", 1.0), x)
    x = maker.node("Div", x, maker.tensor("four", [4.0]))
    _flat(maker, maker.node("Neg", x))
    write("broadcast_arithmetic", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 3),
          lambda image: (-(1 - (image * torch.tensor(factor) + torch.tensor(offset))) / 4).flatten(1))


def power(exponent, dtype):
    maker = Maker(13)
    _flat(maker, maker.node("Pow", "image", maker.tensor("exponent", exponent, dtype)))
    write(f"pow_{exponent}_{np.dtype(dtype).name}", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 1),
          lambda image: (image ** exponent).flatten(1))


def polynomial_by_pow():
    """x² and x⁴ as Pow, as a script that writes the formula down exports it."""
    maker = Maker(13)
    square = maker.node("Mul", maker.node("Pow", "image", maker.tensor("two", 2.0)), maker.tensor("c2", 0.1473))
    fourth = maker.node("Mul", maker.node("Pow", "image", maker.tensor("four", 4.0)), maker.tensor("c4", 0.002012))
    x = maker.node("Add", maker.tensor("c0", 0.1198), maker.node("Mul", maker.tensor("c1", 0.5), "image"))
    _flat(maker, maker.node("Sub", maker.node("Add", x, square), fourth))
    write("polynomial_by_pow", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 1),
          lambda image: (0.1198 + 0.5 * image + 0.1473 * image**2 - 0.002012 * image**4).flatten(1))


def mlp(name, maker, image_shape=("N", 4), logits_shape=("N", 2), rows=2, **options):
    """Dense, Tanh, dense under the storage forms that `maker` and the options choose."""
    first, second = dyadic((4, 3), 1), dyadic((3, 2), 2)
    x = maker.node("MatMul", "image", maker.tensor("first", first))
    maker.node("MatMul", maker.node("Tanh", x), maker.tensor("second", second), out="logits")
    write(name, maker.model(image_shape, logits_shape, **options), dyadic((rows, 4), 3),
          lambda image: torch.tanh(image @ torch.tensor(first)) @ torch.tensor(second))


def weight_as_constant_node():
    weight = dyadic((4, 2), 1)
    maker = Maker(13)
    value = helper.make_tensor("value", TensorProto.FLOAT, weight.shape, weight.ravel().tolist())
    maker.node("MatMul", "image", maker.node("Constant", value=value), out="logits")
    write("weight_as_constant_node", maker.model(["N", 4], ["N", 2]), dyadic((2, 4), 2),
          lambda image: image @ torch.tensor(weight))


def flatten_by_zero_in_reshape():
    """A 0 in the shape of a Reshape copies that dimension."""
    maker = Maker(13)
    maker.node("Reshape", "image", maker.ints("shape", [0, -1]), out="logits")
    write("reshape_copies_batch", maker.model(NAMED, ["N", 32]), dyadic(IMAGE, 1), lambda image: image.flatten(1))


def make():
    for opset in (9, 11):
        squeeze_axes_as_attribute(opset)
        dropout_and_identity(opset)
    squeeze_axes_as_input()
    dropout_and_identity(13)
    pad_as_attribute()
    for opset in (11, 13, 18):
        pad_as_input(opset)
    reduce_mean_axes_as_input()
    mish_operator()
    softmax_before_13()
    gemm(True, 0.5, 2.0)
    gemm(False, -1.5, 0.25)
    gemm_without_bias()
    average_pool(True)
    average_pool(False)
    conv_asymmetric_pads()
    broadcast_arithmetic()
    power(2, np.float32)
    power(3, np.int64)
    polynomial_by_pow()
    mlp("initializers_as_inputs_ir3", Maker(9), ir=3, weights_are_inputs=True)
    mlp("initializers_as_float_data", Maker(13, raw=False))
    mlp("fixed_batch", Maker(13), image_shape=(1, 4), logits_shape=(1, 2), rows=1)
    weight_as_constant_node()
    flatten_by_zero_in_reshape()
