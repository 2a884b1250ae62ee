"""Cross-validation of the twin on the tables of data/tabular: how the hyperparameters were found."""

import csv
import gzip
import pathlib

import numpy as np

import twin

TABLES = pathlib.Path(__file__).resolve().parents[2] / "data" / "tabular"


def read_table(name):
    """Features and class numbers; the label is the last column."""
    opener = gzip.open if name.endswith(".gz") else open
    with opener(TABLES / name, "rt") as stream:
        rows = list(csv.reader(stream))
    if len(rows[0]) != len(rows[1]) or any(not is_number(cell) for cell in rows[0]):
        rows = rows[1:]
    values = np.array(rows, float)
    return values[:, :-1], values[:, -1].astype(int)


def is_number(cell):
    try:
        float(cell)
        return True
    except ValueError:
        return False


def scaled(train, test, method="min-max"):
    """Statistics of the training rows alone; constant columns are dropped; test values are clamped."""
    kept = train.max(axis=0) > train.min(axis=0)
    train, test = train[:, kept], test[:, kept]
    if method == "min-max":
        low, high = train.min(axis=0), train.max(axis=0)
        return 2 * (train - low) / (high - low) - 1, np.clip(2 * (test - low) / (high - low) - 1, -1, 1)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    limit = 4.0
    return (np.clip((train - mean) / deviation, -limit, limit),
            np.clip((test - mean) / deviation, -limit, limit))


def stratified_folds(labels, folds, random):
    """The fold of every row; every class is spread as evenly as it goes."""
    result, offset = np.zeros(len(labels), int), 0
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        result[rows] = (np.arange(len(rows)) + offset) % folds
        offset += len(rows)
    return result


def mini_batches(rows, size, steps, random):
    """Row numbers of each step; every epoch is a new order, the rest of an epoch is left out."""
    if size == 0 or size >= rows:
        return [np.arange(rows)]
    result = []
    while len(result) < steps:
        order = random.permutation(rows)
        result += [order[i:i + size] for i in range(0, rows - size + 1, size)]
    return result[:steps]


def initial_weights(layers, deviation, random):
    """N(0, deviation); deviation None: 1/sqrt(inputs + 1) of each layer. The biases too."""
    return [random.normal(0, deviation or (i + 1) ** -0.5, (o, i + 1)) for i, o in zip(layers, layers[1:])]


def cross_validate(table, hidden, settings, folds=5, seeds=5, marks=()):
    """Mean accuracy over folds and seeds at every mark (a number of steps), and the ranges met.

    settings: eta (a number or one per step), steps, momentum, decay, batch (0: all rows), deviation,
    activation (coefficients), loss, output_polynomial, scaling.
    """
    features, labels = table
    classes = int(labels.max()) + 1
    marks = sorted(set(marks) | {settings["steps"]})
    reached = {mark: [] for mark in marks}
    ranges = {}
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        fold_of = stratified_folds(labels, folds, random)
        for fold in range(folds):
            inside = fold_of != fold
            x, test = scaled(features[inside], features[~inside], settings.get("scaling", "min-max"))
            one_hot = np.eye(classes)[labels]
            layers = [x.shape[1], *hidden, classes]
            eta = settings["eta"]
            task = dict(
                x=x, y=one_hot[inside], layers=layers, loss=settings.get("loss", "mse"),
                activation=[settings.get("activation", [0, 0.5, 0.25])] * len(hidden),
                output_polynomial=settings.get("output_polynomial"),
                eta=[eta] * settings["steps"] if np.isscalar(eta) else eta,
                momentum=settings.get("momentum", 7 / 8), decay=settings.get("decay", 0.0),
                batches=mini_batches(len(x), settings.get("batch", 0), settings["steps"], random),
                w0=initial_weights(layers, settings.get("deviation", 0.3), random))

            def record(step, w):
                if step in reached:
                    reached[step].append(twin.accuracy(task, w, test, one_hot[~inside]))

            for key, value in twin.train(task, record)[2].items():
                ranges[key] = max(ranges.get(key, 0.0), value)
    return {mark: float(np.mean(values)) for mark, values in reached.items()}, ranges
