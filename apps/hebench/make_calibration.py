"""Makes calibration-images-idx3-ubyte.gz: stand-ins for MNIST digits, which may not be copied here.

256 of the project's own 8x8 digits, enlarged to 20x20, sharpened to strokes and centred in 28x28. The
compiler measures ranges and precision on them. Needs python3-numpy; the file is kept in the repository.
"""

import gzip
import struct
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
COUNT, SIDE, BOX = 256, 28, 20


def enlarge(image, side):
    """Bilinear, between the centres of the pixels; outside the image is zero."""
    padded = np.pad(image, 1)
    at = (np.arange(side) + 0.5) * image.shape[0] / side + 0.5
    low, part = at.astype(int), at - at.astype(int)
    rows = padded[low] * (1 - part)[:, None] + padded[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


def main():
    table = np.loadtxt(FOLDER.parents[1] / "data/tabular/digits.csv.gz", delimiter=",", max_rows=COUNT)
    border = (SIDE - BOX) // 2
    images = [np.pad(enlarge(row[:64].reshape(8, 8) / 16, BOX), border) for row in table]
    strokes = np.clip(2 * np.array(images) - 0.5, 0, 1)
    header = struct.pack(">4B3I", 0, 0, 8, 3, COUNT, SIDE, SIDE)
    content = header + (strokes * 255).round().astype(np.uint8).tobytes()
    target = FOLDER / "calibration-images-idx3-ubyte.gz"
    target.write_bytes(gzip.compress(content, 9, mtime=0))
    print(f"{target.name}: {COUNT} images, mean {strokes.mean():.3f}")


if __name__ == "__main__":
    main()
