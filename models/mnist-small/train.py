"""Trains the network of the inference benchmark: one strided convolution, one squaring, a dense layer.

It learns from the labels and from mnist-best, the larger network beside it. Two phases, each a run of
its own: `warm`, then `model` from its best weights.
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
from common.teacher import load_teacher  # noqa: E402

WARM = Recipe(
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

# So small a network cannot learn both the strongly moved images and the others: last, mostly the others.
ANNEAL = replace(
    WARM,
    epochs=12,
    learning_rate=4e-3,
    augment=Augment(degrees=6, zoom=0.06, shift=0.03, kept=0.5),
    seed=2,
    warm_up=0.1,
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
    parser = arguments(__doc__)
    parser.add_argument("phase", choices=("warm", "model"))
    options = parser.parse_args()
    recipe, start = {"warm": (WARM, None), "model": (ANNEAL, FOLDER / "warm.pt")}[options.phase]
    teacher = load_teacher(FOLDER.parent / "mnist-best")
    run(build, recipe, "mnist", FOLDER, options, options.phase, teacher, start)
