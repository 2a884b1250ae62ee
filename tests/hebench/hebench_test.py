#!/usr/bin/env python3
"""Plays the part of the ML-inference benchmark's suite: writes pixels, runs the stages, reads the labels.

Usage: hebench_test.py STAGES_DIR SERDAB [SIZE...]. Images are MNIST's validation images, the last 10,000
of the training file, found through SERDAB_DATA; without it the stand-ins for calibration, as far as they
go, and no accuracy. Prints seconds and bytes of every stage.
"""
import gzip
import os
import pathlib
import re
import resource
import stat
import struct
import subprocess
import sys
import tempfile
import time

SIZES = [("single", 1), ("small", 15), ("medium", 1000), ("large", 10000)]
PIXELS, HELD_BACK = 784, 10000
STAND_INS = pathlib.Path(__file__).resolve().parents[2] / "apps/hebench/calibration-images-idx3-ubyte.gz"
MAGIC, SECRET_KEY_KIND = b"SERDAB\r\n", 2
HEADER_BYTES = 56
SERVER_STAGES = ("server_preprocess_model", "server_encrypted_compute")


def read_idx(path):
    data = gzip.open(path).read()
    dims = data[3]
    return struct.unpack(f">{dims}I", data[4:4 + 4 * dims]), data[4 + 4 * dims:]


def images_at_hand():
    """Pixels as bytes, and labels as bytes or None."""
    folder = pathlib.Path(os.environ.get("SERDAB_DATA", "/nonexistent")) / "mnist"
    if not (folder / "train-images-idx3-ubyte.gz").exists():
        print("SERDAB_DATA names no folder with mnist: accuracy is not checked")
        return read_idx(STAND_INS)[1], None
    _, pixels = read_idx(folder / "train-images-idx3-ubyte.gz")
    _, labels = read_idx(folder / "train-labels-idx1-ubyte.gz")
    return pixels[-HELD_BACK * PIXELS:], labels[-HELD_BACK:]


def folder_bytes(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class Suite:
    """One root folder, in which the stages run."""

    def __init__(self, stages, serdab, root):
        self.stages, self.serdab, self.root = stages, serdab, root

    def run(self, stage, *arguments):
        return subprocess.run([self.stages / stage, *map(str, arguments)], cwd=self.root,
                              capture_output=True, text=True)

    def ok(self, stage, *arguments):
        start = time.monotonic()
        done = self.run(stage, *arguments)
        seconds = time.monotonic() - start
        assert done.returncode == 0, f"{stage}: {done.returncode}\n{done.stdout}{done.stderr}"
        print(f"  {stage:<28} {seconds:7.3f} s")

    def fails(self, stage, *arguments, says, status=1):
        done = self.run(stage, *arguments)
        assert done.returncode == status, f"{stage}: {done.returncode}\n{done.stdout}{done.stderr}"
        for text in (stage, *says):
            assert text in done.stderr, f"{text!r} is not in {done.stderr!r}"

    def write_pixels(self, name, pixels):
        shades = [f"{value / 255:.6f}" for value in range(256)]
        lines = (" ".join(shades[v] for v in pixels[i:i + PIXELS]) for i in range(0, len(pixels), PIXELS))
        path = self.root / "datasets" / name / "intermediate" / "test_pixels.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in lines))

    def io(self, name):
        return self.root / "io" / name


def check_no_secret_leaves(io):
    """What is public holds no file of the secret kind, and no piece of the secret key's bytes."""
    key = io / "secret_key" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = key.read_bytes()
    pieces = [secret[at:at + 32] for at in range(HEADER_BYTES + 64, len(secret) - 32, 64)]
    for folder in ("public_keys", "ciphertexts_upload", "ciphertexts_download"):
        files = [file for file in (io / folder).rglob("*") if file.is_file()]
        assert files, f"{folder} is empty"
        for file in files:
            data = file.read_bytes()
            assert data.startswith(MAGIC) and data[10] != SECRET_KEY_KIND, file
            assert not any(piece in data for piece in pieces), f"{file} holds a piece of the secret key"


def agreement(suite, name, pixels):
    """Share of the images whose decrypted label is that of the model in the clear, and the labels."""
    count, same, labels = len(pixels) // PIXELS, 0.0, []
    for answer in sorted((suite.io(name) / "ciphertexts_download").iterdir()):
        left = pixels[len(labels) * PIXELS:]
        images = suite.root / "images-idx3-ubyte"
        images.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, len(left) // PIXELS, 28, 28) + left)
        done = subprocess.run([suite.serdab, "decrypt", suite.stages / "programs" / name, answer, "--key",
                               suite.io(name) / "secret_key" / "secret.key", "--against", images, "--json"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        same += float(re.search(r'"agreement": ([0-9.]+)', done.stdout)[1]) * int(
            re.search(r'"images": (\d+)', done.stdout)[1])
        labels += map(int, re.search(r'"labels": \[([^]]*)\]', done.stdout)[1].split(","))
    return same / count, labels


def check_accuracy(found, truth):
    right, count = sum(f == t for f, t in zip(found, truth)), len(truth)
    print(f"  {right} of {count} right")
    # Fifteen images may hold one that the network takes for another.
    assert right >= (0.97 * count if count >= 1000 else count - 1), right


def check_size(suite, index, pixels, truth):
    name, count = SIZES[index]
    pixels = pixels[:count * PIXELS]
    print(f"{name}: {count} images")
    if len(pixels) < count * PIXELS:
        print("  skipped: there are not so many images without MNIST")
        return
    suite.write_pixels(name, pixels)
    suite.fails("client_encode_encrypt_input", index, says=["client_preprocess_input"])
    suite.fails("server_encrypted_compute", index, says=["client_key_generation"])
    suite.ok("client_key_generation", index)
    suite.ok("server_preprocess_model")
    suite.fails("server_encrypted_compute", index, says=["client_encode_encrypt_input"])
    suite.ok("client_preprocess_input", index)
    suite.ok("client_encode_encrypt_input", index)
    suite.fails("client_decrypt_decode", index, says=["server_encrypted_compute"])
    suite.ok("server_encrypted_compute", index)
    suite.fails("client_postprocess", index, says=["client_decrypt_decode"])
    suite.ok("client_decrypt_decode", index)
    suite.ok("client_postprocess", index)

    io = suite.io(name)
    found = [int(line) for line in (io / "encrypted_model_predictions.txt").read_text().splitlines()]
    assert len(found) == count, len(found)
    same, labels = agreement(suite, name, pixels)
    print(f"  {100 * same:.2f} % as in the clear")
    assert same >= (0.999 if count >= 1000 else 1), same
    assert labels == found, "decrypt and the stages disagree"
    if truth is not None:
        check_accuracy(found, truth[:count])
    check_no_secret_leaves(io)
    for folder in ("public_keys", "secret_key", "ciphertexts_upload", "ciphertexts_download"):
        print(f"  {folder:<28} {folder_bytes(io / folder):>10} bytes")


def check_arguments(suite):
    suite.fails("client_key_generation", says=["SIZE"], status=2)
    suite.fails("client_key_generation", "4", says=["'4'", "3 (large)"], status=2)
    suite.fails("server_preprocess_model", "1", says=["no argument"], status=2)
    suite.fails("server_preprocess_model", says=["client_key_generation"])
    suite.fails("client_preprocess_input", 0, says=["test_pixels.txt", "the suite"])


def check_pixels_are_checked(suite):
    path = suite.root / "datasets" / "single" / "intermediate" / "test_pixels.txt"
    good = path.read_text()
    for text, says in ((good.rsplit(" ", 1)[0] + "\n", "783"), (good + good, "2 lines"),
                       (good.replace("0.000000", "x", 1), "not a number")):
        path.write_text(text)
        suite.fails("client_preprocess_input", 0, says=["test_pixels.txt", says])
    path.write_text(good.replace("0.000000", "7.000000", 1))
    suite.ok("client_preprocess_input", 0)
    suite.fails("client_encode_encrypt_input", 0, says=["7.000000", "[0"])
    path.write_text(good)


def main(stages, serdab, *sizes):
    data = images_at_hand()
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(pathlib.Path(stages).resolve(), pathlib.Path(serdab).resolve(), pathlib.Path(scratch))
        check_arguments(suite)
        for size in map(int, sizes or ("0", "1")):
            check_size(suite, size, *data)
            if size == 0:
                check_pixels_are_checked(suite)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"largest resident size of a stage or of the comparison: {peak / 1024:.0f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
