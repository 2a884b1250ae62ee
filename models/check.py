"""Accuracy of an .onnx on a named validation split, in float64 numpy, independent of torch and C++.

    python3 models/check.py models/digits/model.onnx digits
    python3 models/check.py models/mnist-paper/model.onnx mnist --data-dir DIR --write-expected

Of two classes the second is the positive one: sensitivity and specificity are told at the threshold of
the larger logit, and the area under the ROC curve.

--write-expected leaves the figures and the logits of the first 20 validation images beside the
model, as expected.json (model.onnx) or expected-<suffix>.json (model-<suffix>.onnx).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx

from common.executor import Executor
from common.memory import keep_freed_memory
from common.splits import LOADERS

FIRST = 20


def logits_of(model, images):
    executor = Executor(model)
    batch = max(1, 400_000 // images[0].size)
    return np.concatenate([executor.run(images[i : i + batch]) for i in range(0, len(images), batch)])


def largest(logits):
    """Of those that are finite: an image may run away where activations are polynomials."""
    return float(np.abs(logits[np.isfinite(logits)]).max())


def two_class_figures(labels, logits):
    """Sensitivity, specificity, and the share of pairs (positive, negative) in the right order."""
    margin, found = logits[:, 1] - logits[:, 0], logits.argmax(1)
    positive, negative = labels == 1, labels == 0
    difference = margin[positive][:, None] - margin[negative][None, :]
    return {
        "val_sensitivity": float((found[positive] == 1).mean()),
        "val_specificity": float((found[negative] == 0).mean()),
        "val_auc": float((difference > 0).mean() + (difference == 0).mean() / 2),
    }


def write_expected(path, data, accuracy, extra, logits):
    target = path.with_name(path.stem.replace("model", "expected") + ".json")
    record = {
        "data": data.name,
        "val_accuracy": accuracy,
        **extra,
        "val_images": len(logits),
        "max_abs_logit": largest(logits),
        "labels": data.val.labels[:FIRST].tolist(),
        "logits": logits[:FIRST].tolist(),
    }
    target.write_text(json.dumps(record) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", choices=sorted(LOADERS))
    parser.add_argument("--data-dir", help="folder of the data sets; default $SERDAB_DATA")
    parser.add_argument("--write-expected", action="store_true")
    options = parser.parse_args()
    keep_freed_memory()
    data = LOADERS[options.data](options.data_dir)
    logits = logits_of(onnx.load(str(options.model)), data.val.images)
    accuracy = float((logits.argmax(1) == data.val.labels).mean())
    print(f"{options.model}: accuracy {accuracy:.4f} on {len(logits)} validation images of {data.name}, "
          f"max |logit| {largest(logits):.2f}, not finite: {np.sum(~np.isfinite(logits).all(1))} images")
    extra = two_class_figures(data.val.labels, logits) if logits.shape[1] == 2 else {}
    for name, value in extra.items():
        print(f"  {name.removeprefix('val_')} {value:.4f}")
    if options.write_expected:
        write_expected(options.model, data, accuracy, extra, logits)


if __name__ == "__main__":
    main()
