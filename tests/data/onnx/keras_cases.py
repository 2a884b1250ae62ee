"""Models as tf2onnx and keras2onnx write them: NHWC images, Transposes around NCHW operators."""

import torch
import torch.nn.functional as F

from case import dyadic, write
from maker import Maker

TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


def _dense(maker, x, weight, bias, out=None):
    """Dense is MatMul and Add in these exports, never Gemm."""
    product = maker.node("MatMul", x, maker.tensor("dense/kernel", weight))
    return maker.node("Add", product, maker.tensor("dense/bias", bias), out=out)


def _tensors(*arrays):
    return [torch.tensor(array) for array in arrays]


def conv_pool_dense(name="keras_conv_pool_dense", opset=13, softmax=True):
    """Transpose, Conv, Relu, AveragePool, Transpose back, Reshape, dense, Softmax."""
    kernel, bias = dyadic((3, 2, 3, 3), 1) / 4, dyadic(3, 2) / 4
    weight, offset = dyadic((12, 4), 3) / 4, dyadic(4, 4)
    maker = Maker(opset)
    x = maker.node("Transpose", "image", perm=TO_NCHW)
    x = maker.node("Conv", x, maker.tensor("kernel", kernel), maker.tensor("bias", bias), kernel_shape=[3, 3])
    x = maker.node("AveragePool", maker.node("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    x = maker.node("Transpose", x, perm=TO_NHWC)
    x = maker.node("Reshape", x, maker.ints("shape", [-1, 12]))
    x = _dense(maker, x, weight, offset, out=None if softmax else "logits")
    if softmax:
        maker.node("Softmax", x, out="logits")

    def twin(image):
        k, b, w, o = _tensors(kernel, bias, weight, offset)
        y = F.avg_pool2d(F.relu(F.conv2d(image.permute(TO_NCHW), k, b)), 2).permute(TO_NHWC)
        y = y.reshape(len(y), 12) @ w + o
        return torch.softmax(y, 1) if softmax else y

    write(name, maker.model(["N", 6, 6, 2], ["N", 4]), dyadic((2, 6, 6, 2), 5), twin)


def transposes_around_each_conv():
    """Two Convs, each between its own pair of Transposes; Swish in NHWC; per-channel bias in NHWC."""
    first, second, bias = dyadic((3, 2, 3, 3), 1) / 4, dyadic((2, 3, 3, 3), 2) / 4, dyadic(3, 3) / 4
    maker = Maker(13)
    x = maker.node("Transpose", "image", perm=TO_NCHW)
    x = maker.node("Conv", x, maker.tensor("first", first), kernel_shape=[3, 3])
    x = maker.node("Transpose", x, perm=TO_NHWC)
    x = maker.node("Add", x, maker.tensor("bias", bias))
    x = maker.node("Mul", x, maker.node("Sigmoid", x))
    x = maker.node("Transpose", x, perm=TO_NCHW)
    x = maker.node("Conv", x, maker.tensor("second", second), kernel_shape=[3, 3], strides=[2, 2])
    x = maker.node("Transpose", x, perm=TO_NHWC)
    maker.node("Reshape", x, maker.ints("shape", [-1, 2]), out="logits")  # 1x1 remains

    def twin(image):
        k1, k2, b = _tensors(first, second, bias)
        y = F.conv2d(F.silu(F.conv2d(image.permute(TO_NCHW), k1, b)), k2, stride=2)
        return y.permute(TO_NHWC).reshape(-1, 2)

    write("keras_transposes_around_each_conv", maker.model(["N", 6, 6, 2], ["N", 2]), dyadic((2, 6, 6, 2), 4), twin)


def same_padding(mode, size, stride):
    """auto_pad with an odd total of padding: the extra row goes below (UPPER) or above (LOWER)."""
    kernel = dyadic((3, 2, 3, 3), 1) / 4
    maker = Maker(13)
    x = maker.node("Transpose", "image", perm=TO_NCHW)
    x = maker.node("Conv", x, maker.tensor("kernel", kernel), auto_pad=mode, strides=[stride, stride])
    x = maker.node("Transpose", x, perm=TO_NHWC)
    out = -(-size // stride)
    maker.node("Reshape", x, maker.ints("shape", [-1, 3 * out * out]), out="logits")

    def twin(image):
        total = max((out - 1) * stride + 3 - size, 0)
        small, large = total // 2, total - total // 2
        low, high = (small, large) if mode == "SAME_UPPER" else (large, small)
        y = F.conv2d(F.pad(image.permute(TO_NCHW), (low, high, low, high)), torch.tensor(kernel), stride=stride)
        return y.permute(TO_NHWC).flatten(1)

    image = dyadic((2, size, size, 2), 2)
    model = maker.model(["N", size, size, 2], ["N", 3 * out * out])
    write(f"keras_{mode.lower()}_{size}_by_{stride}", model, image, twin)


def reshape_for_transpose():
    """With one channel tf2onnx turns the first Transpose into a Reshape."""
    kernel, weight, offset = dyadic((2, 1, 3, 3), 1) / 4, dyadic((18, 3), 2) / 4, dyadic(3, 3)
    maker = Maker(13)
    x = maker.node("Reshape", "image", maker.ints("nchw", [-1, 1, 5, 5]))
    x = maker.node("Conv", x, maker.tensor("kernel", kernel), kernel_shape=[3, 3])
    x = maker.node("Transpose", maker.node("Tanh", x), perm=TO_NHWC)
    x = maker.node("Reshape", x, maker.ints("flat", [-1, 18]))
    _dense(maker, x, weight, offset, out="logits")

    def twin(image):
        k, w, o = _tensors(kernel, weight, offset)
        y = torch.tanh(F.conv2d(image.reshape(-1, 1, 5, 5), k))
        return y.permute(TO_NHWC).reshape(-1, 18) @ w + o

    write("keras_reshape_for_transpose", maker.model(["N", 5, 5, 1], ["N", 3]), dyadic((2, 5, 5, 1), 4), twin)


def global_pool_by_reduce_mean():
    """GlobalAveragePooling2D: ReduceMean over the NHWC axes 1 and 2."""
    kernel, weight, offset = dyadic((3, 2, 3, 3), 1) / 4, dyadic((3, 4), 2), dyadic(4, 3)
    maker = Maker(13)
    x = maker.node("Transpose", "image", perm=TO_NCHW)
    x = maker.node("Conv", x, maker.tensor("kernel", kernel), kernel_shape=[3, 3])
    x = maker.node("Transpose", x, perm=TO_NHWC)
    x = maker.node("ReduceMean", x, axes=[1, 2], keepdims=0)
    _dense(maker, x, weight, offset, out="logits")

    def twin(image):
        k, w, o = _tensors(kernel, weight, offset)
        return F.conv2d(image.permute(TO_NCHW), k).mean((2, 3)) @ w + o

    model = maker.model(["N", 5, 5, 2], ["N", 4])
    write("keras_global_pool_by_reduce_mean", model, dyadic((2, 5, 5, 2), 4), twin)


def make():
    conv_pool_dense()
    conv_pool_dense("keras_opset9_conv_pool_dense", opset=9, softmax=False)
    transposes_around_each_conv()
    for mode in ("SAME_UPPER", "SAME_LOWER"):
        same_padding(mode, size=6, stride=2)
    same_padding("SAME_UPPER", size=5, stride=1)
    reshape_for_transpose()
    global_pool_by_reduce_mean()
