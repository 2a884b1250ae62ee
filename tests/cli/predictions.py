#!/usr/bin/env python3
"""The plan's seconds, made from a profile calibrated here and now, against the measured ones: on one
thread, for the digits network, or mnist-paper where SERDAB_DATA has MNIST.

  predictions.py BIN_DIR SOURCE_DIR --tolerance 0.25 [--mnist]

Timings on a shared machine vary, those of half a second most: the fast suite holds digits to a factor
of three, the long one mnist-paper to 25 %, on a quiet machine.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def run(env, *command):
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def main():
    binaries, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tolerance = float(sys.argv[sys.argv.index("--tolerance") + 1])
    serdab = binaries / "serdab"
    tasks = [("mnist-paper", "mnist:val")] if "--mnist" in sys.argv else [("digits", "digits")]
    if "--mnist" in sys.argv and not os.environ.get("SERDAB_DATA"):
        print("SERDAB_DATA is not set: mnist-paper is not timed")
        return
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, SERDAB_PROFILE=f"{folder}/machine.json")
        run(env, serdab, "bench", "--calibrate", "--quiet")
        for model, data in tasks:
            made = pathlib.Path(folder) / model
            run(env, serdab, "compile", source / "models" / model / "model.onnx", "-o", made,
                "--threads", 1, "--quiet")
            predicted = json.loads((made / "plan.json").read_text())["seconds"]
            measured = json.loads(run(env, serdab, "evaluate", made, "--data", data, "--threads", 1,
                                      "--repeat", 3, "--json"))["server_seconds"]
            ratio = predicted / measured
            print(f"{model}: predicted {predicted:.2f} s, measured {measured:.2f} s, "
                  f"ratio {ratio:.2f}")
            if not 1 / (1 + tolerance) <= ratio <= 1 + tolerance:
                failures.append(model)
    if failures:
        sys.exit(f"predictions off by more than {100 * tolerance:.0f} %: {', '.join(failures)}")


if __name__ == "__main__":
    main()
