"""The named train/validation splits that every figure in models/ refers to.

Images are float64 arrays (count, channels, height, width) in [0, 1], float32 of CIFAR-10; labels are
int64. Test sets are never read here: a model is chosen, and its figures are measured, on the
validation split.
"""

import os
from collections import namedtuple
from pathlib import Path

import numpy as np

from .cifar10 import read_batch
from .idx import read_idx

Split = namedtuple("Split", "images labels")
Data = namedtuple("Data", "name train val scaling classes")

REPOSITORY = Path(__file__).resolve().parents[2]
DIGIT_NAMES = [str(digit) for digit in range(10)]
MNIST_VAL = 10_000
DIGITS_VAL = 450
PNEUMONIA_NAMES = ["normal", "pneumonia"]
CIFAR10_NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split()


def data_dir(argument=None):
    """The data folder: the argument, else $SERDAB_DATA."""
    folder = argument or os.environ.get("SERDAB_DATA")
    if not folder:
        raise SystemExit("say where the data is: --data-dir or $SERDAB_DATA")
    return Path(folder)


def _hold_out_last(name, images, labels, count, scaling):
    labels = labels.astype(np.int64)
    train = Split(images[:-count], labels[:-count])
    val = Split(images[-count:], labels[-count:])
    return Data(name, train, val, scaling, DIGIT_NAMES)


def load_mnist(folder=None):
    """MNIST's training file: the first 50,000 images train, the last 10,000 validate."""
    folder = data_dir(folder) / "mnist"
    images = read_idx(folder / "train-images-idx3-ubyte.gz")[:, None] / 255.0
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")
    return _hold_out_last("mnist", images, labels, MNIST_VAL, "pixel/255")


def load_digits(_folder=None):
    """The 8x8 digits kept in this repository: the last 450 of 1,797 rows validate."""
    table = np.loadtxt(REPOSITORY / "data/tabular/digits.csv.gz", delimiter=",")
    images = table[:, :64].reshape(-1, 1, 8, 8) / 16.0
    return _hold_out_last("digits", images, table[:, 64], DIGITS_VAL, "pixel/16")


def _medmnist_part(folder, prefix):
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")[:, None] / 255.0
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    return Split(images, labels.reshape(-1).astype(np.int64))


def _without(split, others):
    """`split` less the images that stand, byte for byte, in `others` too."""
    known = {image.tobytes() for image in others.images}
    kept = [image.tobytes() not in known for image in split.images]
    return Split(split.images[kept], split.labels[kept])


def load_pneumonia(folder=None):
    """PneumoniaMNIST's own training and validation files; training leaves out what stands in both."""
    folder = data_dir(folder) / "pneumoniamnist"
    train, val = _medmnist_part(folder, "train"), _medmnist_part(folder, "val")
    return Data("pneumoniamnist", _without(train, val), val, "pixel/255", PNEUMONIA_NAMES)


def load_cifar10(folder=None):
    """CIFAR-10's training batches: 1 to 4 (40,000 images) train, the fifth (10,000) validates."""
    folder = data_dir(folder) / "cifar10"
    batches = [read_batch(folder, number) for number in range(1, 6)]
    parts = [Split(images / np.float32(255), labels.astype(np.int64)) for images, labels in batches]
    train = Split(*(np.concatenate(arrays) for arrays in zip(*parts[:-1])))
    return Data("cifar10", train, parts[-1], "pixel/255", CIFAR10_NAMES)


LOADERS = {"mnist": load_mnist, "digits": load_digits, "pneumoniamnist": load_pneumonia, "cifar10": load_cifar10}
