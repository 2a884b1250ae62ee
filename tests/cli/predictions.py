#!/usr/bin/env python3
"""The plan's seconds, made from a profile calibrated here and now, against the measured ones on one
thread: the digits network in both layouts, or mnist-paper in both where SERDAB_DATA has MNIST.

  predictions.py BIN_DIR SOURCE_DIR --tolerance 0.25 [--mnist]

Measured are processor seconds: what other programs take does not count, what they do to caches and to
the clock does. The fast suite holds digits to a factor of three, the long one mnist-paper to 25 %, on a
quiet machine. Machines change while one looks: packed queries, of some ten milliseconds, are calibrated
and measured in turns (warm median), and the middle of the ratios counts.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 5


def run(env, *command):
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def batch_ratio(env, serdab, model, made, data):
    run(env, serdab, "bench", "--calibrate", "--quiet")
    run(env, serdab, "compile", model, "-o", made, "--threads", 1, "--quiet")
    predicted = json.loads((made / "plan.json").read_text())["seconds"]
    result = json.loads(run(env, serdab, "evaluate", made, "--data", data, "--threads", 1,
                            "--repeat", 3, "--json"))
    measured = result["query_processor_seconds"] * result["queries"]
    print(f"{made.name}: predicted {predicted:.2f} s, measured {measured:.2f} s")
    return predicted / measured


def packed_ratio(env, serdab, model, made, data):
    ratios = []
    for _ in range(ROUNDS):
        run(env, serdab, "bench", "--calibrate", "--quiet")
        planned = None
        if not made.exists():
            run(env, serdab, "compile", model, "-o", made, "--layout", "single", "--threads", 1, "--quiet")
            planned = 1e3 * json.loads((made / "plan.json").read_text())["seconds"]
        result = json.loads(run(env, serdab, "evaluate", made, "--data", data, "--count", 1, "--threads", 1,
                                "--repeat", 21, "--profile", "--json"))
        predicted = sum(stage["predicted_ms"] for stage in result["stages"])
        if planned is not None and not 0.99 <= predicted / planned <= 1.01:
            sys.exit(f"{made.name}: the plan says {planned:.2f} ms, its stages {predicted:.2f} ms")
        measured = 1e3 * result["query_processor_seconds_median"]
        print(f"{made.name}: predicted {predicted:.2f} ms, measured {measured:.2f} ms")
        ratios.append(predicted / measured)
    return statistics.median(ratios)


def main():
    binaries, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tolerance = float(sys.argv[sys.argv.index("--tolerance") + 1])
    serdab = binaries / "serdab"
    model, data = ("mnist-paper", "mnist:val") if "--mnist" in sys.argv else ("digits", "digits")
    if "--mnist" in sys.argv and not os.environ.get("SERDAB_DATA"):
        print("SERDAB_DATA is not set: mnist-paper is not timed")
        return
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, SERDAB_PROFILE=f"{folder}/machine.json")
        path = source / "models" / model / "model.onnx"
        for layout, ratio_of in (("batch", batch_ratio), ("packed", packed_ratio)):
            made = pathlib.Path(folder) / f"{model}-{layout}"
            ratio = ratio_of(env, serdab, path, made, data)
            print(f"{made.name}: ratio {ratio:.2f}")
            if not 1 / (1 + tolerance) <= ratio <= 1 + tolerance:
                failures.append(made.name)
    if failures:
        sys.exit(f"predictions off by more than {100 * tolerance:.0f} %: {', '.join(failures)}")


if __name__ == "__main__":
    main()
