"""Trains ResNet-20 with one squaring per activation on CIFAR-10.

`warm` is a short run: windows of 16, 24 and 32 pixels, ReLU giving way to the polynomial during the
first part; `settle`, `windows`, `whole`, `large`, `clamped` and `tinted` go on from it, `plain` from the middle of
`tinted`, and `model` is the mean of these two. For many hours: `teacher` trains the same network with ReLU,
then `model-long` goes on from the weights of `model`, learning from the teacher too.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]

from common.activation import Polynomial  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.average import mean_of_runs  # noqa: E402
from common.fit import Recipe  # noqa: E402
from common.progress import save_atomically  # noqa: E402
from common.run import arguments, restore, run  # noqa: E402
from network import resnet20  # noqa: E402

SHORT = Recipe(
    epochs=5,
    batch=64,
    learning_rate=4e-3,
    weight_decay=0.02,
    label_smoothing=0.03,
    range_penalty=500.0,
    average_decay=0.995,
    augment=Augment(degrees=0, zoom=0, shift=0, kept=1.0, flip=0.5),
    seed=1,
    warm_up=0.2,
    channels_last=True,
    penalty_every=4,
    sides=((0.5, 16), (0.9, 24), (1.0, 32)),
    crop_padding=4,
    relu_until=0.15,
    clamp_until=0.8,
)

# SHORT clamps what grows along the shortcuts, evaluation does not: one epoch without clamping, the
# penalty at every step.
SETTLE = replace(
    SHORT,
    epochs=1,
    learning_rate=1e-3,
    range_penalty=5e3,
    seed=3,
    warm_up=0.1,
    penalty_every=1,
    sides=((1.0, 32),),
    relu_until=0.0,
    clamp_until=0.0,
)

# On from there with contrast drawn too, for the sake of the ranges. Planned for 18 epochs, cut short
# to 12 after four of them, and ended in the seventh: without the clamping, that half way, it exploded.
WINDOWS = replace(
    SHORT,
    epochs=12,
    range_penalty=2e3,
    average_decay=0.998,
    augment=SHORT.augment._replace(contrast=0.3),
    seed=4,
    sides=((0.55, 24), (1.0, 32)),
    relu_until=0.0,
    clamp_until=0.5,
)

# From its best epoch, the sixth: whole images, clamped at first only, the penalty at every step.
WHOLE = replace(
    SETTLE,
    epochs=5,
    learning_rate=1.5e-3,
    average_decay=0.998,
    augment=WINDOWS.augment,
    seed=5,
    clamp_until=0.3,
)

# On from there at larger steps. Planned for 32 epochs; without the clamping, from the 23rd on, it
# exploded as WINDOWS had: single images did, which spoil BatchNorm's statistics.
LARGE = replace(
    WHOLE,
    epochs=32,
    learning_rate=3e-3,
    range_penalty=2e3,
    seed=6,
    penalty_every=2,
    sides=((0.6, 24), (1.0, 32)),
    clamp_until=0.7,
)

# From its best epoch, the 22nd: to the end with the clamping, which the penalty makes rare.
CLAMPED = replace(WHOLE, epochs=8, learning_rate=8e-4, seed=7, warm_up=0.05, clamp_until=1.0)

# On from there, again at larger steps, in bfloat16. Planned for 48 epochs. The images that ran away are of
# one glaring colour: hence the tints, which end before the run does. The clamping lets more through towards
# the end: evaluation does not clamp, and the later layers are to see what it lets through.
TINTED = replace(
    LARGE,
    epochs=40,
    augment=LARGE.augment._replace(tinted=0.1, tint=0.35),
    seed=8,
    warm_up=0.15,
    sides=((0.4, 24), (1.0, 32)),
    clamp_until=1.0,
    clamp_at_end=1.5,
    tinted_part=(0.6, 0.85),
    bfloat16=True,
)

# From the 24th epoch of TINTED, without tints and in fewer epochs.
PLAIN = replace(TINTED, epochs=32, augment=LARGE.augment, tinted_part=(0.0, 1.0))

# The mean of what these two end with.
MEAN_OF = ("tinted", "plain")

TEACHER = replace(
    SHORT,
    epochs=120,
    batch=128,
    weight_decay=0.05,
    range_penalty=0.0,
    average_decay=0.999,
    sides=((0.3, 24), (1.0, 32)),
    crop_padding=4,
    relu_until=0.0,
    clamp_until=0.0,
)

LONG = replace(
    TEACHER,
    epochs=240,
    learning_rate=2e-3,
    range_penalty=SHORT.range_penalty,
    seed=2,
    teacher_share=0.7,
    teacher_temperature=3.0,
)


def build():
    """21 convolutions, 19 squarings and the dense layer: 39 multiplicative levels."""
    return resnet20(partial(Polynomial, (0.0, 0.5, 0.1), r=5))


def build_teacher():
    return resnet20(nn.ReLU)


PHASES = {
    "warm": (build, SHORT, None),
    "settle": (build, SETTLE, "warm.pt"),
    "windows": (build, WINDOWS, "settle.pt"),
    "whole": (build, WHOLE, "windows.pt"),
    "large": (build, LARGE, "whole.pt"),
    "clamped": (build, CLAMPED, "large.pt"),
    "tinted": (build, TINTED, "clamped.pt"),
    "plain": (build, PLAIN, "tinted.pt"),
    "model": (build, PLAIN, None),
    "teacher": (build_teacher, TEACHER, None),
    "model-long": (build, LONG, "model.pt"),
}

if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("phase", choices=PHASES)
    options = parser.parse_args()
    make, recipe, start = PHASES[options.phase]
    teacher = restore(build_teacher, FOLDER / "teacher.pt")[0] if recipe.teacher_share else None
    if options.phase == "model":
        state = mean_of_runs(FOLDER / f"{name}-run.pt" for name in MEAN_OF)
        save_atomically({"epoch": "mean", "state": state}, FOLDER / "model.pt")
        options.export_only = True
    run(make, recipe, "cifar10", FOLDER, options, options.phase, teacher, start and FOLDER / start)
