"""Trains the network of the inference benchmark: one strided convolution, one squaring, a dense layer.

It learns from the labels and from mnist-best, the larger network beside it.
"""

import sys
from pathlib import Path

from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from common.activation import Square  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.fit import Recipe  # noqa: E402
from common.run import arguments, run  # noqa: E402
from common.teacher import load_teacher  # noqa: E402

RECIPE = Recipe(
    epochs=45,
    batch=128,
    learning_rate=1e-2,
    weight_decay=0.002,
    label_smoothing=0.03,
    range_penalty=0.05,
    average_decay=0.999,
    augment=Augment(degrees=12, zoom=0.1, shift=0.08, kept=0.2),
    seed=1,
    teacher_share=0.8,
    teacher_temperature=2.0,
)


def build():
    """1x28x28 -> 16x7x7 -> 10: three multiplicative levels."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 9, stride=3, bias=False),
        nn.BatchNorm2d(16),
        Square(r=6),
        nn.Flatten(),
        nn.Linear(784, 10),
    )


if __name__ == "__main__":
    teacher = load_teacher(FOLDER.parent / "mnist-best")
    run(build, RECIPE, "mnist", FOLDER, arguments(__doc__).parse_args(), teacher=teacher)
