"""Trains the embedded default: a CNN of 272 degree-2 activations on the 8x8 digits."""

import sys
from pathlib import Path

from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from common.activation import Quadratic  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.fit import Recipe  # noqa: E402
from common.run import arguments, run  # noqa: E402

RECIPE = Recipe(
    epochs=150,
    batch=64,
    learning_rate=1e-2,
    weight_decay=0.02,
    label_smoothing=0.1,
    range_penalty=0.1,
    average_decay=0.99,
    augment=Augment(degrees=12, zoom=0.1, shift=0.08, noise=0.2),
    seed=2,
)


def build():
    """1x8x8 -> 4x6x6 -> 8x4x4 -> 10: five multiplicative levels."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        Quadratic(4, r=4),
        nn.Conv2d(4, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        Quadratic(8, r=4),
        nn.Flatten(),
        nn.Linear(128, 10),
    )


if __name__ == "__main__":
    run(build, RECIPE, "digits", FOLDER, arguments(__doc__).parse_args())
