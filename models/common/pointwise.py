"""A polynomial of every value, made for training on one core, where memory traffic decides.

Values are worked through in pieces that stay in the cache, and only the input is kept for the way back.
"""

import torch
import torch.nn.functional as F

PIECE = 1 << 16  # floats: 256 KiB, half of the cache of a core


def _flat(tensor):
    """All values in the order they lie in memory, whatever the memory format."""
    return tensor.as_strided((tensor.numel(),), (1,), tensor.storage_offset())


def _laid_out_as(tensor, model):
    same = tensor.shape == model.shape and tensor.stride() == model.stride()
    return tensor if same else torch.empty_like(model).copy_(tensor)


def _wide(target):
    """Where to compute what goes into `target`: itself, unless it is narrower than float32."""
    return target if target.dtype == torch.float32 else torch.empty_like(target, dtype=torch.float32)


def _horner(coefficients, x, out):
    """out = coefficients[0] + coefficients[1]·x + ...; two or more coefficients, lowest power first."""
    torch.mul(x, coefficients[-1], out=out)
    for c in coefficients[-2:0:-1]:
        if c:
            out.add_(c)
        out.mul_(x)
    return out.add_(coefficients[0]) if coefficients[0] else out


class Pointwise(torch.autograd.Function):
    """(1 - s)·p(x) + s·ReLU(x) over x of any shape, whose gradient also holds the range penalty.

    p's coefficients come lowest power first. The penalty is `weight`·mean(max(|x| - r, 0)²), added to
    whatever loss is differentiated; its value itself is not computed. s is `relu_share`. Unless `clamp`
    is 0, x counts as the nearer end of [-clamp, clamp] outside it, so that only the penalty moves it.
    """

    @staticmethod
    def forward(ctx, x, coefficients, r, weight, relu_share, clamp):
        out = torch.empty_like(x)
        x = _laid_out_as(x, out)
        ctx.save_for_backward(x)
        ctx.constants = coefficients, r, weight, relu_share, clamp
        for piece, target in zip(_flat(x).split(PIECE), _flat(out).split(PIECE)):
            piece, value = piece.float(), _wide(target)
            piece = piece.clamp(-clamp, clamp) if clamp else piece
            _horner(coefficients, piece, value)
            if relu_share:
                value.mul_(1 - relu_share).add_(piece.clamp(min=0), alpha=relu_share)
            if value is not target:
                target.copy_(value)
        return out

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        coefficients, r, weight, relu_share, clamp = ctx.constants
        slopes = tuple(k * c for k, c in enumerate(coefficients))[1:]
        gradient = _laid_out_as(gradient, x)
        out = torch.empty_like(x)
        pieces = (_flat(tensor).split(PIECE) for tensor in (x, gradient, out))
        for piece, above, target in zip(*pieces):
            piece, above, value = piece.float(), above.float(), _wide(target)
            if clamp:
                above = torch.ops.aten.hardtanh_backward(above, piece, -clamp, clamp)
            _horner(slopes, piece, value).mul_(above)
            if relu_share:
                relu_part = torch.ops.aten.threshold_backward(above, piece, 0)
                value.mul_(1 - relu_share).add_(relu_part, alpha=relu_share)
            if weight:
                value.add_(F.softshrink(piece, r), alpha=2 * weight / x.numel())
            if value is not target:
                target.copy_(value)
        return out, None, None, None, None, None
