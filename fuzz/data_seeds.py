#!/usr/bin/env python3
"""Writes the seeds of the foreign formats: data_seeds.py CORPUS_DIR. Needs numpy."""
import gzip
import io
import lzma
import pathlib
import struct
import sys
import tarfile
import zipfile
import zlib

import numpy

CORPUS = pathlib.Path(sys.argv[1])


def save(folder, name, content):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(content)


def png(channels):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    colour = {1: 0, 3: 2}[channels]
    rows = b"".join(b"\0" + bytes(range(8 * channels)) for _ in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, colour, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def npy(array):
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def main():
    save("table", "gray.png", png(1))
    save("table", "colour.png", png(3))
    save("table", "bytes.npy", npy(numpy.arange(128, dtype="u1").reshape(2, 8, 8)))
    save("table", "floats.npy", npy(numpy.linspace(0, 1, 64, dtype="f4").reshape(1, 64)))
    save("table", "columns.npy", npy(numpy.asfortranarray(numpy.ones((8, 8)))))
    names = ",".join(f"pixel{i}" for i in range(64))
    save("table", "named.csv", (names + ",label\n" + ",".join(["0.5"] * 64) + ",1\n").encode())
    save("table", "bare.csv", (",".join(["3"] * 64) + "\n").encode())
    idx = struct.pack(">IIII", 0x803, 2, 8, 8) + bytes(128)
    labels = struct.pack(">II", 0x801, 2) + bytes([1, 2])
    save("table", "images.idx", idx)
    save("archive", "images.idx", idx)
    save("archive", "labels.idx", labels)
    save("archive", "images.idx.gz", gzip.compress(idx, mtime=0))
    save("archive", "cifar.bin", bytes(2 * 3073))
    save("archive", "cifar.med.xz", lzma.compress(bytes([1, 2]) + bytes(range(256)) * 24))
    save("archive", "two.tar", archive({"a.bin": b"abc", "b.bin": bytes(600)}))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("a.npy"), npy(numpy.zeros((2, 8, 8), "u1")))
        z.writestr(zipfile.ZipInfo("b.npy"), npy(numpy.arange(2)))
    save("archive", "two.zip", zipped.getvalue())


if __name__ == "__main__":
    main()
