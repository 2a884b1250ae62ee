"""Polynomial activations: they are what is trained, not an approximation put in afterwards."""

import torch
from torch import nn

# Even/odd least-squares fits of Swish on [-r, r] (arXiv 2009.03727): c0, c1, c2, c4.
SWISH_R4 = (0.03347, 0.5, 0.19566, -0.005075)
SWISH_R6 = (0.1198, 0.5, 0.1473, -0.002012)


class Quartic(nn.Module):
    """c0 + c1·x + c2·x² + c4·x⁴ with fixed coefficients, meant for |x| <= r; two levels."""

    def __init__(self, coefficients, r):
        super().__init__()
        self.c0, self.c1, self.c2, self.c4 = coefficients
        self.r = r

    def forward(self, x):
        square = x * x
        return square * (square * self.c4 + self.c2) + (x * self.c1 + self.c0)


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


class Square(nn.Module):
    """x·(a·x + b) with the fixed a = 0.2, b = 0.5, meant for |x| <= r; one level.

    After a BatchNormalization this is as general as trained a, b, c per channel: its affine part and
    the next layer absorb them.
    """

    def __init__(self, r):
        super().__init__()
        self.r = r

    def forward(self, x):
        return x * (x * 0.2 + 0.5)


POLYNOMIALS = (Quartic, Quadratic, Square)
