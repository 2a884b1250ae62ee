"""Trains the MNIST network of arXiv 2009.03727 with its degree-4 activation.

It learns from the labels and from mnist-best, the larger network beside it. Three phases, each a
run of its own: `warm`, then `model` (r = 6), then `model-r4`, which starts from the weights of `model`.
"""

import sys
from dataclasses import replace
from pathlib import Path

from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from common.activation import SWISH_R4, SWISH_R6, Quartic  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.fit import Recipe  # noqa: E402
from common.run import arguments, run  # noqa: E402
from common.teacher import load_teacher  # noqa: E402

WARM = Recipe(
    epochs=130,
    batch=128,
    learning_rate=1e-2,
    weight_decay=0.002,
    label_smoothing=0.03,
    range_penalty=0.05,
    average_decay=0.999,
    augment=Augment(degrees=15, zoom=0.1, shift=0.1),
    seed=1,
    teacher_share=0.8,
    teacher_temperature=2.0,
)

ANNEAL = replace(
    WARM,
    epochs=12,
    learning_rate=4e-3,
    augment=WARM.augment._replace(kept=0.3),
    seed=2,
    warm_up=0.1,
)


def build(coefficients, r):
    """1x28x28 -> 5x12x12 -> 50x4x4 -> 10: seven multiplicative levels."""
    return nn.Sequential(
        nn.Conv2d(1, 5, 5, stride=2, bias=False),
        nn.BatchNorm2d(5),
        Quartic(coefficients, r),
        nn.Conv2d(5, 50, 5, stride=2, bias=False),
        nn.BatchNorm2d(50),
        Quartic(coefficients, r),
        nn.Flatten(),
        nn.Linear(800, 10),
    )


PHASES = {
    "warm": (SWISH_R6, 6, WARM, None),
    "model": (SWISH_R6, 6, ANNEAL, "warm.pt"),
    "model-r4": (SWISH_R4, 4, ANNEAL, "model.pt"),
}

if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("phase", choices=PHASES)
    options = parser.parse_args()
    coefficients, r, recipe, start = PHASES[options.phase]
    teacher = load_teacher(FOLDER.parent / "mnist-best")
    start = start and FOLDER / start
    run(lambda: build(coefficients, r), recipe, "mnist", FOLDER, options, options.phase, teacher, start)
