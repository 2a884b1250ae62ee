"""The study's encrypted column: every network of the first seed on the 10,000 validation images.

    SERDAB_DATA=DIR python3 models/mnist-study/encrypted.py build/release/bin/serdab FOLDER

compiles and evaluates each .onnx that `study.py --export FOLDER` left, unless encrypted.jsonl holds its
variant already, one line each, and writes table.md anew.
"""

import argparse
import json
import subprocess
from pathlib import Path

from study import FOLDER, read_records, write_tables
from variants import variants

RESULTS = FOLDER / "encrypted.jsonl"
KEPT = ("accuracy", "cleartext_accuracy", "agreement", "images", "precision_bits", "n", "log_qp", "security_bits",
        "threads", "kernels", "cpu", "query_processor_seconds")


def evaluate(serdab, model):
    command = [serdab, "evaluate", model, "--layout", "batch", "--data", "mnist:val", "--calibrate", "mnist:train",
               "--count", "10000", "--threads", "1", "--json"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {key: report[key] for key in KEPT}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("serdab", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    known = {record["variant"] for record in read_records(RESULTS)}
    for variant in variants():
        model = options.folder / f"{variant.name}.onnx"
        if variant.name in known or not model.exists():
            continue
        record = {"variant": variant.name, **evaluate(options.serdab, model)}
        with RESULTS.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(json.dumps(record), flush=True)
    write_tables()


if __name__ == "__main__":
    main()
