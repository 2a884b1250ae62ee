#!/usr/bin/env python3
"""Counts the instructions of the main kernels under callgrind and fails when one needs more than 5 %
above its recorded count. Counts depend on the compiler, so records are kept by compiler version;
without a record for this one the counts are printed and nothing is compared.

  check.py PROGRAM COMPILER [--record]     COMPILER e.g. "GNU 12.2.0"; --record keeps these counts
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RECORD = pathlib.Path(__file__).parent / "counts.json"
TOLERANCE = 1.05


def counts(program, kernels):
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, SERDAB_KERNELS=kernels)
        out = pathlib.Path(folder) / "out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program],
            env=env, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{program} under callgrind: {done.stderr[-2000:]}")
        result = {}
        for dump in pathlib.Path(folder).iterdir():
            text = dump.read_text()
            name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if name and total:
                result[name.group(1)] = int(total.group(1))
        return result


def main():
    program, compiler = sys.argv[1:3]
    if shutil.which("valgrind") is None:
        print("valgrind is not installed (packages.txt lists it): instructions not counted")
        return 77
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    version = ".".join(compiler.split(".")[:1])
    failures = []
    for kernels in ("scalar", "avx2"):
        if kernels == "avx2" and "avx2" not in pathlib.Path("/proc/cpuinfo").read_text():
            print("this machine has no AVX2: its kernels are not counted")
            continue
        now = counts(program, kernels)
        assert len(now) >= 10, f"only {len(now)} counts came back"
        if "--record" in sys.argv:
            record.setdefault(version, {})[kernels] = now
            continue
        last = record.get(version, {}).get(kernels)
        if last is None:
            print(f"no record for {version}, {kernels}; 'check.py … --record' makes one")
        for name, value in now.items():
            before = (last or {}).get(name)
            change = f"{100 * (value / before - 1):+.1f} %" if before else "new"
            print(f"{kernels:8}{name:34}{value:>12}  {change}")
            if before and value > TOLERANCE * before:
                failures.append(f"{kernels} {name}: {before} -> {value} instructions ({change})")
    if "--record" in sys.argv:
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    if failures:
        sys.exit("more instructions than recorded (see docs/notes/performance.md):\n  " +
                 "\n  ".join(failures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
