"""Operators that slide a window: convolution and average pooling over NCHW."""

import numpy as np

from .registry import as_list, operator


def _padding(node, size, kernel, stride, dilation):
    """((top, bottom), (left, right)) from auto_pad or pads."""
    mode = node.get("auto_pad", b"NOTSET").decode()
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        pairs = []
        for n, k, s, d in zip(size, kernel, stride, dilation):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            small, large = total // 2, total - total // 2
            pairs.append((small, large) if mode == "SAME_UPPER" else (large, small))
        return tuple(pairs)
    pads = as_list(node.get("pads")) or [0, 0, 0, 0]
    return (pads[0], pads[2]), (pads[1], pads[3])


def _windows(x, padding, kernel, stride, dilation):
    """View (N, C, H', W', kh, kw) of the zero-padded x."""
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


@operator("Conv")
def conv(node, x, weight, bias=None):
    kernel = weight.shape[2:]
    stride = as_list(node.get("strides")) or [1, 1]
    dilation = as_list(node.get("dilations")) or [1, 1]
    padding = _padding(node, x.shape[2:], kernel, stride, dilation)
    groups = node.get("group", 1)
    outputs = []
    for part, filters in zip(np.split(x, groups, axis=1), np.split(weight, groups)):
        view = _windows(part, padding, kernel, stride, dilation)
        product = np.tensordot(view, filters, axes=((1, 4, 5), (1, 2, 3)))
        outputs.append(product.transpose(0, 3, 1, 2))
    result = np.concatenate(outputs, axis=1)
    return result if bias is None else result + bias.reshape(1, -1, 1, 1)


@operator("AveragePool")
def average_pool(node, x):
    if node.get("ceil_mode", 0):
        raise NotImplementedError("AveragePool with ceil_mode")
    kernel = as_list(node.get("kernel_shape"))
    stride = as_list(node.get("strides")) or [1, 1]
    padding = _padding(node, x.shape[2:], kernel, stride, [1, 1])
    total = _windows(x, padding, kernel, stride, [1, 1]).sum(axis=(4, 5))
    if node.get("count_include_pad", 0):
        return total / np.prod(kernel)
    ones = np.ones((1, 1, *x.shape[2:]))
    return total / _windows(ones, padding, kernel, stride, [1, 1]).sum(axis=(4, 5))


@operator("GlobalAveragePool")
def global_average_pool(node, x):
    return x.mean(axis=(2, 3), keepdims=True)
