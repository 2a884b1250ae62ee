"""What every train.py does with its network and recipe: fit, then export the best epoch."""

import argparse
from pathlib import Path

import torch

from .export import export_onnx
from .fit import evaluate, fit
from .ranges import RangeWatch
from .splits import LOADERS, Split


def _tensors(split):
    return Split(torch.tensor(split.images, dtype=torch.float32), torch.tensor(split.labels))


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data-dir", help="folder of the data sets; default $SERDAB_DATA")
    parser.add_argument("--export-only", action="store_true", help="export the checkpoint at hand")
    return parser


def run(build, recipe, data_name, folder, options, name="model"):
    """Trains build()'s network unless --export-only, and exports <folder>/<name>.onnx."""
    data = LOADERS[data_name](options.data_dir)
    train, val = _tensors(data.train), _tensors(data.val)
    torch.manual_seed(recipe.seed)
    network = build()
    if not options.export_only:
        fit(network, train, val, recipe, folder, name)
    checkpoint = torch.load(folder / f"{name}.pt")
    network = build()
    network.load_state_dict(checkpoint["state"])
    watch = RangeWatch(network)
    for label, split in (("train", train), ("val", val)):
        accuracy, _, largest, logit = evaluate(network, watch, split)
        print(f"epoch {checkpoint['epoch']} {label}: accuracy {accuracy:.4f}, max |pre-activation| "
              f"{[round(value, 2) for value in largest]}, max |logit| {logit:.1f}")
    network = build()
    network.load_state_dict(checkpoint["state"])
    export_onnx(network, data, Path(folder).name if name == "model" else f"{Path(folder).name}-{name}", folder / f"{name}.onnx")
