#!/usr/bin/env python3
"""The training specification in numpy, written without looking at the C++ of it.

    python3 twin.py IN.json OUT.json     trains as IN.json says and writes every step's weights
    python3 twin.py --self-test          finite differences, then Iris by five-fold cross-validation

The network. Layer l holds W_l of shape (out, in + 1), the bias in the last column; a hidden layer applies
its polynomial c0 + c1 x + c2 x^2 + c3 x^3, the last layer none. With z the last layer's values and y the
one-hot label, the output delta is z - y ("mse") or p(z) - y ("softmax", p a polynomial applied to every
element in the place of softmax). The gradient is the sum over the batch of sample weight x delta x input,
divided by the number of rows in the batch. One step, mu = 0 for gradient descent:

    W_{t+1} = V_t (1 - eta_t lambda) - eta_t g(V_t),    V_{t+1} = W_{t+1} + mu (W_{t+1} - W_t),    V_0 = W_0

IN.json: layers [4, 7, 3]; activation: one coefficient list per hidden layer; loss; output_polynomial (softmax
only); eta: one per step; momentum; decay; x; y; sample_weights (optional); batches: row numbers of each step,
begun again from the first where there are fewer than steps; w0: one matrix per layer.
OUT.json: weights[step][layer], velocity[layer] (the last V), losses and accuracies (of all rows of x, with the
weights after each step), ranges (the largest absolute values met).
"""

import json
import sys

import numpy as np


def polynomial(coefficients, x):
    """sum_k coefficients[k] x^k, by Horner."""
    value = np.zeros_like(x)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def derivative(coefficients):
    return [k * c for k, c in enumerate(coefficients)][1:] or [0.0]


def integral(coefficients):
    return [0.0] + [c / (k + 1) for k, c in enumerate(coefficients)]


def with_ones(rows):
    return np.hstack([rows, np.ones((len(rows), 1))])


def forward(weights, activation, x):
    """Inputs with their bias column and pre-activations of every layer; rows are samples."""
    inputs, sums = [], []
    h = x
    for layer, w in enumerate(weights):
        inputs.append(with_ones(h))
        sums.append(inputs[-1] @ w.T)
        if layer + 1 < len(weights):
            h = polynomial(activation[layer], sums[-1])
    return inputs, sums


def output_delta(task, z, y):
    return (z if task["loss"] == "mse" else polynomial(task["output_polynomial"], z)) - y


def loss(task, weights, x, y, sample_weights):
    """The function whose gradient the delta is: |z - y|^2 / 2, or sum_k P(z_k) - y_k z_k with P' = p."""
    z = forward(weights, task["activation"], x)[1][-1]
    if task["loss"] == "mse":
        each = 0.5 * ((z - y) ** 2).sum(axis=1)
    else:
        each = (polynomial(integral(task["output_polynomial"]), z) - y * z).sum(axis=1)
    return float((sample_weights * each).mean())


def gradients(task, weights, x, y, sample_weights, ranges=None):
    """Backpropagation: one matrix per layer, averaged over the rows."""
    inputs, sums = forward(weights, task["activation"], x)
    delta = output_delta(task, sums[-1], y) * sample_weights[:, None]
    if ranges is not None:
        note_ranges(ranges, inputs, sums, delta)
    result = [None] * len(weights)
    for layer in reversed(range(len(weights))):
        result[layer] = delta.T @ inputs[layer] / len(x)
        if layer > 0:
            slope = polynomial(derivative(task["activation"][layer - 1]), sums[layer - 1])
            delta = (delta @ weights[layer][:, :-1]) * slope
            if ranges is not None:
                ranges["hidden_delta"] = max(ranges.get("hidden_delta", 0.0), peak(delta))
    if ranges is not None:
        ranges["gradient"] = max(ranges.get("gradient", 0.0), max(map(peak, result)))
    return result


def peak(values):
    return float(np.max(np.abs(values)))


def note_ranges(ranges, inputs, sums, delta):
    met = {"delta": peak(delta), "logit": peak(sums[-1])}
    if len(sums) > 1:
        met["pre_activation"] = max(map(peak, sums[:-1]))
        met["activation"] = max(peak(h[:, :-1]) for h in inputs[1:])
    for key, value in met.items():
        ranges[key] = max(ranges.get(key, 0.0), value)


def accuracy(task, weights, x, y):
    z = forward(weights, task["activation"], x)[1][-1]
    return float((z.argmax(axis=1) == y.argmax(axis=1)).mean())


def train(task, after_step=None):
    """Runs all steps; calls after_step(number from 1 on, W). Returns W, V and the ranges."""
    x, y = np.asarray(task["x"], float), np.asarray(task["y"], float)
    samples = np.asarray(task.get("sample_weights") or np.ones(len(x)), float)
    w = [np.asarray(matrix, float) for matrix in task["w0"]]
    v = w
    ranges = {}
    for step, eta in enumerate(task["eta"]):
        rows = np.asarray(task["batches"][step % len(task["batches"])])
        g = gradients(task, v, x[rows], y[rows], samples[rows], ranges)
        new = [a * (1.0 - eta * task["decay"]) - eta * b for a, b in zip(v, g)]
        v = [a + task["momentum"] * (a - b) for a, b in zip(new, w)]
        w = new
        ranges["weight"] = max([ranges.get("weight", 0.0)] + [peak(a) for a in w + v])
        if after_step:
            after_step(step + 1, w)
    return w, v, ranges


def check(task):
    """Says what does not fit before numpy says it worse."""
    layers = task["layers"]
    shapes = [(o, i + 1) for i, o in zip(layers, layers[1:])]
    assert [np.shape(w) for w in task["w0"]] == shapes, f"w0 must have the shapes {shapes}"
    assert len(task["activation"]) == len(layers) - 2, "one activation per hidden layer"
    assert task["loss"] in ("mse", "softmax"), task["loss"]
    assert np.shape(task["x"]) == (len(task["y"]), layers[0]), "x must be (rows, layers[0])"
    assert np.shape(task["y"])[1:] == (layers[-1],), "y must be (rows, layers[-1])"


def run(task):
    check(task)
    x, y = np.asarray(task["x"], float), np.asarray(task["y"], float)
    samples = np.asarray(task.get("sample_weights") or np.ones(len(x)), float)
    result = {"weights": [], "losses": [], "accuracies": []}

    def record(_, w):
        result["weights"].append([matrix.tolist() for matrix in w])
        result["losses"].append(loss(task, w, x, y, samples))
        result["accuracies"].append(accuracy(task, w, x, y))

    _, v, ranges = train(task, record)
    result["velocity"] = [matrix.tolist() for matrix in v]
    result["ranges"] = ranges
    return result


def finite_difference_error(task, weights, h=1e-5):
    """Largest |backpropagation - central difference| over all weights; about 1e-9 when right."""
    x, y = np.asarray(task["x"], float), np.asarray(task["y"], float)
    samples = np.asarray(task.get("sample_weights") or np.ones(len(x)), float)
    worst = 0.0
    for layer, g in enumerate(gradients(task, weights, x, y, samples)):
        for at in np.ndindex(g.shape):
            sides = []
            for sign in (1.0, -1.0):
                moved = [w.copy() for w in weights]
                moved[layer][at] += sign * h
                sides.append(loss(task, moved, x, y, samples))
            worst = max(worst, abs((sides[0] - sides[1]) / (2 * h) - g[at]))
    return worst


def main(arguments):
    if arguments == ["--self-test"]:
        import twin_self_test
        return twin_self_test.main()
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0]) as stream:
        result = run(json.load(stream))
    with open(arguments[1], "w") as stream:
        json.dump(result, stream)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
