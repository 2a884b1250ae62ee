"""Models as torch.onnx.export writes them (NCHW)."""

import io

import onnx
import torch
from torch import nn

from case import dyadic, write
from common.activation import SWISH_R6, Quadratic, Quartic


class Apply(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self._function = function

    def forward(self, x):
        return self._function(x)


class Around(nn.Module):
    """join(left(x), right(x))."""

    def __init__(self, left, right, join):
        super().__init__()
        self.left, self.right, self._join = left, right, join

    def forward(self, x):
        return self._join(self.left(x), self.right(x))


class Project(nn.Module):
    """x @ W + b, which exports as MatMul and Add rather than Gemm."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * 0.3)
        self.bias = nn.Parameter(torch.randn(outputs) * 0.3)

    def forward(self, x):
        return x @ self.weight + self.bias


def concat(a, b):
    return torch.cat((a, b), dim=1)


def randomise(network):
    """Batch statistics and per-channel coefficients that an importer cannot ignore unnoticed."""
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, Quadratic):
            nn.init.uniform_(module.a, 0.1, 0.3)


def small(*activation, flat=3 * 4 * 4):
    """Conv, the given layers, dense: the frame of most cases, for input 2x6x6."""
    return nn.Sequential(nn.Conv2d(2, 3, 3), *activation, nn.Flatten(), nn.Linear(flat, 4))


# name: (builder, input shape, opset)
CASES = {
    "torch_relu": (lambda: small(nn.ReLU()), (2, 2, 6, 6), 13),
    "torch_sigmoid": (lambda: small(nn.Sigmoid()), (2, 2, 6, 6), 13),
    "torch_tanh": (lambda: small(nn.Tanh()), (2, 2, 6, 6), 13),
    "torch_silu": (lambda: small(nn.SiLU()), (2, 2, 6, 6), 13),
    "torch_mish": (lambda: small(nn.Mish()), (2, 2, 6, 6), 13),
    "torch_quartic": (lambda: small(Quartic(SWISH_R6, 6)), (2, 2, 6, 6), 13),
    "torch_quadratic": (lambda: small(nn.BatchNorm2d(3), Quadratic(3, 4)), (2, 2, 6, 6), 13),
    "torch_pow": (lambda: small(Apply(lambda x: 0.25 * x.pow(2) + 0.5 * x + 0.1)), (2, 2, 6, 6), 13),
    "torch_arithmetic": (lambda: small(Apply(lambda x: (-x - 0.5) / 4.0 + (1.0 - x))), (2, 2, 6, 6), 13),
    "torch_softmax_last": (lambda: nn.Sequential(small(), nn.Softmax(dim=1)), (2, 2, 6, 6), 13),
    "torch_batchnorm_first": (
        lambda: nn.Sequential(nn.BatchNorm2d(2), small(nn.ReLU())), (2, 2, 6, 6), 13),
    "torch_batchnorm_before_padded_conv": (
        lambda: nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 3, 3, padding=1), nn.Flatten()),
        (2, 2, 4, 4), 13),
    "torch_batchnorm_dense": (
        lambda: nn.Sequential(nn.Linear(8, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3)), (3, 8), 13),
    "torch_mlp": (lambda: nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)), (3, 8), 13),
    "torch_matmul_add": (lambda: nn.Sequential(Project(8, 5), nn.Tanh(), Project(5, 3)), (3, 8), 13),
    "torch_avgpool_include_pad": (lambda: small(nn.AvgPool2d(3, 2, 1), flat=12), (2, 2, 6, 6), 13),
    "torch_avgpool_exclude_pad": (
        lambda: small(nn.AvgPool2d(3, 2, 1, count_include_pad=False), flat=12), (2, 2, 6, 6), 13),
    "torch_avgpool_oblong": (lambda: small(nn.AvgPool2d((2, 1), (1, 2)), flat=18), (2, 2, 6, 6), 13),
    "torch_global_avgpool": (lambda: small(nn.AdaptiveAvgPool2d(1), flat=3), (2, 2, 6, 6), 13),
    "torch_reduce_mean": (lambda: small(Apply(lambda x: x.mean((2, 3))), flat=3), (2, 2, 6, 6), 13),
    "torch_reduce_mean_keepdims": (
        lambda: small(Apply(lambda x: x.mean((2, 3), keepdim=True)), flat=3), (2, 2, 6, 6), 13),
    "torch_reshape": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3), Apply(lambda x: x.reshape(-1, 48)), nn.Linear(48, 4)),
        (2, 2, 6, 6), 13),
    "torch_view_by_shape": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3), Apply(lambda x: x.view(x.size(0), -1)), nn.Linear(48, 4)),
        (2, 2, 6, 6), 13),
    "torch_squeeze_unsqueeze": (
        lambda: small(nn.AdaptiveAvgPool2d(1), Apply(lambda x: x.squeeze(3).squeeze(2).unsqueeze(2)), flat=3),
        (2, 2, 6, 6), 13),
    "torch_pad_by_chain": (lambda: nn.Sequential(nn.ZeroPad2d((1, 0, 2, 1)), small(flat=3 * 7 * 5)), (2, 2, 6, 6), 13),
    "torch_conv_strided_padded": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten()),
        (2, 2, 7, 7), 13),
    "torch_conv_oblong": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(0, 1)), nn.Flatten()),
        (2, 2, 7, 5), 13),
    "torch_conv_dilated": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3, dilation=2, padding=1), nn.Flatten()), (2, 2, 6, 6), 13),
    "torch_conv_grouped": (
        lambda: nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.ReLU(), nn.Flatten()), (2, 4, 5, 5), 13),
    "torch_conv_depthwise": (
        lambda: nn.Sequential(nn.Conv2d(3, 3, 3, groups=3, bias=False), nn.Conv2d(3, 4, 1), nn.Flatten()),
        (2, 3, 5, 5), 13),
    "torch_residual": (
        lambda: small(Around(nn.Conv2d(3, 3, 3, padding=1), nn.Identity(), torch.add), nn.ReLU()),
        (2, 2, 6, 6), 13),
    "torch_residual_projected": (
        lambda: nn.Sequential(Around(nn.Conv2d(2, 3, 3, 2, 1), nn.Conv2d(2, 3, 1, 2), torch.add), nn.Flatten()),
        (2, 2, 6, 6), 13),
    "torch_concat": (
        lambda: nn.Sequential(Around(nn.Conv2d(2, 3, 3), nn.Conv2d(2, 1, 3), concat), nn.ReLU(), nn.Flatten()),
        (2, 2, 5, 5), 13),
    "torch_opset9": (lambda: small(nn.BatchNorm2d(3), nn.ReLU(), nn.AvgPool2d(2), flat=12), (2, 2, 6, 6), 9),
    "torch_opset9_squeeze": (
        lambda: small(nn.AdaptiveAvgPool2d(1), Apply(lambda x: x.squeeze(3).unsqueeze(1)), flat=3),
        (2, 2, 6, 6), 9),
    "torch_opset9_pad": (lambda: nn.Sequential(nn.ZeroPad2d(1), small(flat=108)), (2, 2, 6, 6), 9),
    "torch_opset11": (lambda: small(nn.BatchNorm2d(3), nn.SiLU(), nn.AvgPool2d(2), flat=12), (2, 2, 6, 6), 11),
    "torch_opset11_pad_by_chain": (lambda: nn.Sequential(nn.ZeroPad2d(1), small(flat=108)), (2, 2, 6, 6), 11),
    "torch_opset17": (lambda: small(nn.BatchNorm2d(3), nn.SiLU(), nn.AvgPool2d(2), flat=12), (2, 2, 6, 6), 17),
}


def export(network, image, opset):
    """Constants folded, so that Pad keeps a plain node; batch normalisation kept apart."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network, torch.tensor(image, dtype=torch.float32), buffer, opset_version=opset,
        input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}},
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=True)
    return onnx.load_from_string(buffer.getvalue())


def make():
    for seed, (name, (build, shape, opset)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        network = build().eval()
        randomise(network)
        image = dyadic(shape, seed)
        write(name, export(network, image, opset), image, network.double())
