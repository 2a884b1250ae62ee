"""Checks twin.py: gradients against finite differences, steps against closed forms, Iris's accuracy."""

import numpy as np

import protocol
import twin

CUBIC_SIGMOID = [0.5, 0.2, 0.0, -0.004]


def random_task(layers, loss, random):
    rows = 9
    return dict(
        layers=layers, loss=loss, activation=[[0.1, 0.5, 0.25, -0.03]] * (len(layers) - 2),
        output_polynomial=CUBIC_SIGMOID, x=random.uniform(-1, 1, (rows, layers[0])).tolist(),
        y=np.eye(layers[-1])[random.integers(layers[-1], size=rows)].tolist(),
        sample_weights=random.uniform(0.5, 2, rows).tolist(), eta=[0.1, 0.2, 0.05], momentum=0.875,
        decay=0.01, batches=[[0, 1, 2, 3], [4, 5, 6, 7, 8]],
        w0=[random.normal(0, 0.5, (o, i + 1)).tolist() for i, o in zip(layers, layers[1:])])


def check_gradients(random):
    for layers in ([4, 3], [4, 7, 3], [5, 4, 6, 2]):
        for loss in ("mse", "softmax"):
            task = random_task(layers, loss, random)
            error = twin.finite_difference_error(task, [np.array(w) for w in task["w0"]])
            print(f"finite differences, {layers}, {loss}: {error:.1e}")
            assert error < 1e-8, error


def check_steps(random):
    """One weight, no hidden layer, z = w x: three Nesterov steps written out as scalars."""
    task = dict(layers=[1, 1], loss="mse", activation=[], x=[[0.0]], y=[[2.0]], eta=[0.1, 0.2, 0.05],
                momentum=0.875, decay=0.01, batches=[[0]], w0=[[[0.7, 0.5]]])
    w, v = 0.5, 0.5  # x = 0, so that the bias alone learns
    for eta, step in zip(task["eta"], twin.run(task)["weights"]):
        new = v * (1 - eta * 0.01) - eta * (v - 2.0)
        w, v = new, new + 0.875 * (new - w)
        assert abs(step[0][0][1] - w) < 1e-15, (step, w)
    full = random_task([4, 7, 3], "mse", random)
    assert len(twin.run(full)["weights"]) == 3
    twice = dict(full, sample_weights=(2 * np.array(full["sample_weights"])).tolist(),
                 eta=[eta / 2 for eta in full["eta"]], decay=0.02)
    difference = np.array(twin.run(full)["weights"][-1][0]) - np.array(twin.run(twice)["weights"][-1][0])
    assert np.abs(difference).max() < 1e-12  # twice the weights at half the rate


def check_iris():
    settings = dict(eta=0.15, momentum=7 / 8, steps=100, deviation=0.3)
    reached, ranges = protocol.cross_validate(protocol.read_table("iris.csv"), [7], settings, seeds=12,
                                              marks=(10, 30, 50))
    print("iris 4-7-3, 5 folds x 12 seeds:", {k: round(100 * v, 2) for k, v in reached.items()}, "%")
    print("largest values met:", {k: round(v, 2) for k, v in ranges.items()})
    assert reached[100] >= 0.955, reached


def main():
    random = np.random.default_rng(1)
    check_gradients(random)
    check_steps(random)
    check_iris()
    print("passed")
    return 0
