"""Trains the best MNIST network within eight multiplicative levels: three convolutions and squarings.

Two phases, each a run of its own: `warm`, then `model` from its best weights.
"""

import sys
from dataclasses import replace
from pathlib import Path

from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from common.activation import Square  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.fit import Recipe  # noqa: E402
from common.run import arguments, run  # noqa: E402

WARM = Recipe(
    epochs=100,
    batch=128,
    learning_rate=8e-3,
    weight_decay=0.02,
    label_smoothing=0.03,
    range_penalty=0.0,
    average_decay=0.999,
    augment=Augment(degrees=15, zoom=0.1, shift=0.1),
    seed=1,
)

# The committed run of WARM was cut after 22 epochs (warm.log); this one went on from its best.
ANNEAL = replace(
    WARM,
    epochs=14,
    learning_rate=5e-3,
    augment=WARM.augment._replace(kept=0.3),
    seed=2,
    warm_up=0.1,
)


def build():
    """1x28x28 -> 16x12x12 -> 32x8x8 -> 64x4x4 -> 10: seven multiplicative levels."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, bias=False),
        nn.BatchNorm2d(16),
        Square(r=6),
        nn.Conv2d(16, 32, 5, bias=False),
        nn.BatchNorm2d(32),
        Square(r=6),
        nn.Conv2d(32, 64, 5, bias=False),
        nn.BatchNorm2d(64),
        Square(r=6),
        nn.Flatten(),
        nn.Linear(1024, 10),
    )


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("phase", choices=("warm", "model"))
    options = parser.parse_args()
    recipe, start = {"warm": (WARM, None), "model": (ANNEAL, FOLDER / "warm.pt")}[options.phase]
    run(build, recipe, "mnist", FOLDER, options, options.phase, start=start)
