"""The activation study of arXiv 2009.03727 on MNIST, with one recipe for every variant.

    SERDAB_DATA=DIR OMP_NUM_THREADS=1 python3 models/mnist-study/study.py

trains every variant with every seed that results.jsonl does not hold yet, one line a run, and writes
table.md from it. `--table` writes the table alone; `--export FOLDER` leaves the .onnx of the first seed
of every variant there (training again those that are missing), for the encrypted column.
"""

import argparse
import copy
import json
import math
import sys
import time
from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]

from common.activation import Polynomial  # noqa: E402
from common.augment import Augment  # noqa: E402
from common.export import export_onnx  # noqa: E402
from common.fit import Recipe, Run, evaluate  # noqa: E402
from common.least_squares import assert_known_answers  # noqa: E402
from common.memory import keep_freed_memory  # noqa: E402
from common.ranges import RangeWatch  # noqa: E402
from common.run import tensors  # noqa: E402
from common.splits import load_mnist  # noqa: E402
from table import write_table  # noqa: E402
from variants import ACTIVATIONS, claimed, variants  # noqa: E402

SEEDS = (1, 2, 3)
CLAIM_SEEDS = tuple(range(1, 11))  # of the variants that the claim is about
EPOCHS = 5


def recipe_of(variant, seed):
    """No range penalty, no teacher: as the paper, the activation has to get along by itself."""
    return Recipe(
        epochs=EPOCHS,
        batch=256,
        learning_rate=1e-2,
        weight_decay=0.01,
        label_smoothing=0.0,
        range_penalty=0.0,
        average_decay=0.95,
        augment=Augment(15, 0.1, 0.1) if variant.augment else Augment(0, 0, 0, kept=1.0),
        seed=seed,
    )


def build(variant):
    """The network of mnist-paper; without BatchNormalization its convolutions have a bias."""
    coefficients, r, _ = ACTIVATIONS[variant.activation]

    def block(inputs, outputs):
        norm = [nn.BatchNorm2d(outputs)] if variant.batch_norm else []
        convolution = nn.Conv2d(inputs, outputs, 5, stride=2, bias=not variant.batch_norm)
        return [convolution, *norm, Polynomial(coefficients, r)]

    head = [nn.AvgPool2d(4), nn.Flatten(), nn.Linear(50, 10)] if variant.gap else [nn.Flatten(), nn.Linear(800, 10)]
    return nn.Sequential(*block(1, 5), *block(5, 50), *head)


def train(variant, seed, data):
    """The averaged network after the last epoch: no epoch is chosen by its validation accuracy."""
    torch.manual_seed(seed)
    trained = Run(build(variant), data.train, recipe_of(variant, seed), None)
    for _ in range(EPOCHS):
        trained.epoch()
    return trained.average.network


def measure(network, val):
    """A network that left the numbers counts as wrong on every image."""
    network = copy.deepcopy(network)  # the hooks of the watch stay out of the export
    accuracy, loss, largest, logit = evaluate(network, RangeWatch(network), val)
    if not math.isfinite(loss):
        return {"diverged": True, "val_accuracy": 0.0}
    return {"diverged": False, "val_accuracy": accuracy, "max_pre": [round(x, 3) for x in largest],
            "max_logit": round(logit, 2)}


def read_records(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def read_results(path=FOLDER / "results.jsonl"):
    return {(record["variant"], record["seed"]): record for record in read_records(path)}


def write_tables(results=None):
    encrypted = {record["variant"]: record for record in read_records(FOLDER / "encrypted.jsonl")}
    write_table(read_results() if results is None else results, encrypted, FOLDER / "table.md")


def export(network, data, variant, folder):
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(network, data, f"mnist-study-{variant.name}", folder / f"{variant.name}.onnx")


def run_all(options, data):
    results = read_results(options.results)
    for seed in CLAIM_SEEDS:
        for variant in variants() if seed in SEEDS else claimed():
            wanted = options.export if seed == SEEDS[0] else None
            wanted = wanted and not (wanted / f"{variant.name}.onnx").exists()
            known = (variant.name, seed) in results
            if known and not wanted:
                continue
            start = time.monotonic()
            network = train(variant, seed, data)
            if not known:
                seconds = round(time.monotonic() - start, 1)
                record = {"variant": variant.name, "seed": seed, **measure(network, data.val), "seconds": seconds}
                with options.results.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(json.dumps(record), flush=True)
            if wanted:
                export(network, data, variant, options.export)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", help="folder of the data sets; default $SERDAB_DATA")
    parser.add_argument("--results", type=Path, default=FOLDER / "results.jsonl")
    parser.add_argument("--export", type=Path, metavar="FOLDER")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    assert_known_answers()
    if not options.table:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        keep_freed_memory()
        data = load_mnist(options.data_dir)
        data = data._replace(train=tensors(data.train), val=tensors(data.val))
        run_all(options, data)
    write_tables(read_results(options.results))


if __name__ == "__main__":
    main()
