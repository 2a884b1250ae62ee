"""Polynomial activations: they are what is trained, not an approximation put in afterwards."""

import torch
from torch import nn

from .pointwise import Pointwise

# Even/odd least-squares fits of Swish on [-r, r] (arXiv 2009.03727): c0, c1, c2, c4.
SWISH_R4 = (0.03347, 0.5, 0.19566, -0.005075)
SWISH_R6 = (0.1198, 0.5, 0.1473, -0.002012)


class Polynomial(nn.Module):
    """Fixed coefficients, lowest power first, meant for |x| <= r; degree 2 one level, degree 4 two.

    `penalty` weighs mean(max(|x| - r, 0)²), `relu_share` blends ReLU in and `clamp`, unless it is 0, takes x
    into [-clamp, clamp] first: all act in training only. In evaluation, and in the exported graph, it is the
    plain polynomial.
    """

    def __init__(self, coefficients, r):
        super().__init__()
        self.coefficients, self.r = tuple(coefficients), r
        self.penalty, self.relu_share, self.clamp = 0.0, 0.0, 0.0

    def forward(self, x):
        if self.training and torch.is_grad_enabled():
            return Pointwise.apply(x, self.coefficients, self.r, self.penalty, self.relu_share, self.clamp)
        return self.plain(x)

    def plain(self, x):
        *low, top = self.coefficients
        value = x if top == 1 else x * top
        for c in low[:0:-1]:
            value = (value + c if c else value) * x
        return value + low[0] if low[0] else value


class Quartic(Polynomial):
    """c0 + c1·x + c2·x² + c4·x⁴ with the coefficients (c0, c1, c2, c4); two levels."""

    def __init__(self, coefficients, r):
        c0, c1, c2, c4 = coefficients
        super().__init__((c0, c1, c2, 0.0, c4), r)

    def plain(self, x):
        c0, c1, c2, _, c4 = self.coefficients
        square = x * x
        return square * (square * c4 + c2) + (x * c1 + c0)


class Square(Polynomial):
    """x·(a·x + b) with the fixed a = 0.2, b = 0.5, meant for |x| <= r; one level.

    After a BatchNormalization this is as general as trained a, b, c per channel: its affine part and
    the next layer absorb them.
    """

    def __init__(self, r):
        super().__init__((0.0, 0.5, 0.2), r)

    def plain(self, x):
        return x * (x * 0.2 + 0.5)


class Quadratic(nn.Module):
    """a·x² + b·x + c with coefficients trained per channel, meant for |x| <= r; one level.

    They start from the degree-2 Hermite expansion of ReLU for a standard normal x.
    """

    def __init__(self, channels, r):
        super().__init__()
        shape = (channels, 1, 1)
        self.a = nn.Parameter(torch.full(shape, 0.19947))
        self.b = nn.Parameter(torch.full(shape, 0.5))
        self.c = nn.Parameter(torch.full(shape, 0.19947))
        self.r = r

    def forward(self, x):
        return x * x * self.a + x * self.b + self.c


POLYNOMIALS = (Polynomial, Quadratic)
