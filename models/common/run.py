"""What every train.py does with its network and recipe: fit, then export the best epoch."""

import argparse

import torch

from .export import export_onnx
from .fit import evaluate, fit
from .ranges import RangeWatch
from .splits import LOADERS, Split


def tensors(split):
    return Split(torch.tensor(split.images, dtype=torch.float32), torch.tensor(split.labels))


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data-dir", help="folder of the data sets; default $SERDAB_DATA")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was cut")
    parser.add_argument("--export-only", action="store_true", help="export the checkpoint at hand")
    return parser


def restore(build, path):
    """build()'s network with the weights of a checkpoint, and the epoch they come from."""
    checkpoint = torch.load(path)
    network = build()
    network.load_state_dict(checkpoint["state"])
    return network.eval(), checkpoint["epoch"]


def _report(network, epoch, splits):
    watch = RangeWatch(network)
    for label, split in splits.items():
        accuracy, _, largest, logit = evaluate(network, watch, split)
        print(f"epoch {epoch} {label}: accuracy {accuracy:.4f}, max |pre-activation| "
              f"{[round(value, 2) for value in largest]}, max |logit| {logit:.1f}")


def run(build, recipe, data_name, folder, options, name="model", teacher=None, start=None, finish=None):
    """Trains build()'s network unless --export-only, and exports <folder>/<name>.onnx.

    It starts from the checkpoint `start` where that is given; finish(network, val) may change the
    best epoch's network before it is exported.
    """
    data = LOADERS[data_name](options.data_dir)
    train, val = tensors(data.train), tensors(data.val)
    torch.manual_seed(recipe.seed)
    if not options.export_only:
        network = restore(build, start)[0] if start else build()
        fit(network, train, val, recipe, folder, name, teacher, options.resume)

    def best():
        network, epoch = restore(build, folder / f"{name}.pt")
        if finish:
            finish(network, val)
        return network, epoch

    _report(*best(), {"train": train, "val": val})
    export_onnx(best()[0], data, name.replace("model", folder.name), folder / f"{name}.onnx")
