"""The variants of the study: activation, BatchNormalization, augmentation, global average pooling."""

from dataclasses import dataclass

from common.least_squares import fit, mish, swish

# name -> (coefficients lowest power first, r, largest error of the fit on [-r, r])
ACTIVATIONS = {"square": ((0.0, 0.0, 1.0), 6, 0.0)}
for _r in range(3, 9):
    _coefficients, _error = fit(swish, _r)
    ACTIVATIONS[f"swish{_r}"] = (_coefficients, _r, _error)
for _r in range(4, 7):
    _coefficients, _error = fit(mish, _r)
    ACTIVATIONS[f"mish{_r}"] = (_coefficients, _r, _error)


@dataclass(frozen=True)
class Variant:
    activation: str
    batch_norm: bool
    augment: bool
    gap: bool = False  # the average of each of the 50 maps, 4x4, in place of their 800 values

    @property
    def name(self):
        parts = [("bn", self.batch_norm), ("aug", self.augment), ("gap", self.gap)]
        return "-".join([self.activation] + [part for part, wanted in parts if wanted])


def variants():
    """40 combinations, and the pooled head with the paper's best activation."""
    grid = [
        Variant(activation, batch_norm, augment)
        for augment in (True, False)
        for batch_norm in (True, False)
        for activation in ACTIVATIONS
    ]
    return grid + [Variant("swish6", True, True, gap=True)]


def claimed():
    """What 'BatchNormalization and degree-4 Swish beat the square' compares."""
    names = ("square-aug", "square-bn-aug", "swish6-bn-aug")
    return [variant for variant in variants() if variant.name in names]
