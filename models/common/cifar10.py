"""Reader of CIFAR-10's training batches: the published .bin files, or the same packed as .med.xz.

A record of the published format is one label byte and 3,072 bytes of image, planes R, G, B of 32x32.
The packed file is, under xz, all labels and then per image three planes of residuals: of G, R - G and
B - G (mod 256), each value less its MED prediction from the left, upper and upper-left neighbours
(Weinberger, Seroussi, Sapiro: LOCO-I, 2000).
"""

import lzma

import numpy as np

SIDE = 32
PLANE = SIDE * SIDE
RECORD = 1 + 3 * PLANE


def _from_bytes(path, raw):
    if not raw or len(raw) % RECORD:
        raise ValueError(f"{path}: {len(raw)} bytes are no whole number of records of {RECORD}")
    return np.frombuffer(raw, np.uint8)


def _predicted(left, up, corner):
    low, high = np.minimum(left, up), np.maximum(left, up)
    return np.where(corner >= high, low, np.where(corner <= low, high, left + up - corner))


def _planes(residuals):
    """Undoes the prediction: (count, 3, 32, 32) residuals to values in [0, 255]."""
    values = residuals.transpose(2, 3, 0, 1).astype(np.int16)  # pixel by pixel, over all images at once
    for x in range(1, SIDE):
        values[0, x] = (values[0, x] + values[0, x - 1]) & 255
    for y in range(1, SIDE):
        values[y, 0] = (values[y, 0] + values[y - 1, 0]) & 255
        for x in range(1, SIDE):
            predicted = _predicted(values[y, x - 1], values[y - 1, x], values[y - 1, x - 1])
            values[y, x] = (values[y, x] + predicted) & 255
    return values.transpose(2, 3, 0, 1)


def _unpacked(path):
    data = _from_bytes(path, lzma.open(path).read())
    count = len(data) // RECORD
    green, red, blue = _planes(data[count:].reshape(count, 3, SIDE, SIDE)).transpose(1, 0, 2, 3)
    images = np.stack([(red + green) & 255, green, (blue + green) & 255], axis=1)
    return images.astype(np.uint8), data[:count]


def _published(path):
    records = _from_bytes(path, path.read_bytes()).reshape(-1, RECORD)
    return records[:, 1:].reshape(-1, 3, SIDE, SIDE), records[:, 0]


def read_batch(folder, number):
    """Images (10000, 3, 32, 32) and labels (10000), both uint8, of data_batch_<number>."""
    plain = folder / f"data_batch_{number}.bin"
    return _published(plain) if plain.exists() else _unpacked(plain.with_suffix(".med.xz"))
