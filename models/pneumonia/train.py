"""Trains the PneumoniaMNIST network: two strided convolutions, two squarings, a dense layer."""

import sys
from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from common.activation import Square  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.fit import Recipe  # noqa: E402
from common.run import arguments, run  # noqa: E402

RECIPE = Recipe(
    epochs=60,
    batch=64,
    learning_rate=6e-3,
    weight_decay=0.02,
    label_smoothing=0.05,
    range_penalty=0.05,
    average_decay=0.998,
    augment=Augment(degrees=8, zoom=0.06, shift=0.04, noise=0.02, kept=0.2),
    seed=1,
    balance_classes=True,
)


def build():
    """1x28x28 -> 8x12x12 -> 16x4x4 -> 2: five multiplicative levels."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, bias=False),
        nn.BatchNorm2d(8),
        Square(r=6),
        nn.Conv2d(8, 16, 5, stride=2, bias=False),
        nn.BatchNorm2d(16),
        Square(r=6),
        nn.Flatten(),
        nn.Linear(256, 2),
    )


def equal_error_threshold(margins, positive):
    """Where sensitivity and specificity are nearest: the smaller of the two is largest.

    It stands in the middle between the two neighbouring margins.
    """
    values = margins.sort().values
    cuts = (values[1:] + values[:-1]) / 2
    sensitivity = (margins[positive][:, None] > cuts).double().mean(0)
    specificity = (margins[~positive][:, None] <= cuts).double().mean(0)
    return cuts[torch.minimum(sensitivity, specificity).argmax()]


@torch.no_grad()
def centre(network, val):
    """Moves the last bias so that the larger logit decides at the equal-error threshold of `val`."""
    logits = network(val.images)
    threshold = equal_error_threshold(logits[:, 1] - logits[:, 0], val.labels == 1)
    network[-1].bias += torch.tensor([threshold / 2, -threshold / 2])


if __name__ == "__main__":
    run(build, RECIPE, "pneumoniamnist", FOLDER, arguments(__doc__).parse_args(), finish=centre)
