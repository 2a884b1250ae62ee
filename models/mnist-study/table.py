"""results.jsonl as a Markdown table, and the paper's claim tested on it."""

from math import sqrt
from statistics import mean, stdev

from variants import ACTIVATIONS, variants

# Two-sided 95 % quantiles of Student's t, by degrees of freedom.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}

# (this, against that): the claim first, then its two parts apart and the choices around it.
COMPARISONS = (
    ("swish6-bn-aug", "square-aug"),
    ("swish6-bn-aug", "square-bn-aug"),
    ("swish4-bn-aug", "square-bn-aug"),
    ("square-bn-aug", "square-aug"),
    ("swish6-bn-aug", "swish6-aug"),
    ("swish6-bn-aug", "swish6-bn"),
    ("swish6-bn-aug", "swish6-bn-aug-gap"),
    # Added after the results were seen: without augmentation.
    ("swish6-bn", "square"),
    ("swish6-bn", "square-bn"),
    ("swish4-bn", "square-bn"),
    ("square-bn", "square"),
)


def _percent(value):
    return f"{100 * value:.2f}"


def _runs(results, name):
    return {seed: record for (variant, seed), record in results.items() if variant == name}


def _encrypted(record):
    """Accuracy, and how many labels are those of the clear."""
    if record is None:
        return "–"
    alike = round(record["agreement"] * record["images"])
    return f"{_percent(record['accuracy'])} ({alike:,} of {record['images']:,})"


def _row(results, encrypted, variant):
    runs = list(_runs(results, variant.name).values())
    if not runs:
        return f"| {variant.name} | | | | | | | | not run |"
    good = [run for run in runs if not run["diverged"]]
    accuracies = [run["val_accuracy"] for run in good]
    average = _percent(mean(accuracies)) if good else "–"
    spread = _percent(stdev(accuracies)) if len(good) > 1 else "–"
    layers = [f"{max(run['max_pre'][layer] for run in good):.3g}" if good else "–" for layer in (0, 1)]
    logit = f"{max(run['max_logit'] for run in good):.3g}" if good else "–"
    first = _runs(results, variant.name).get(1)
    clear = _percent(first["val_accuracy"]) if first else "–"
    secret = _encrypted(encrypted.get(variant.name))
    note = f"{len(runs) - len(good)} of {len(runs)} diverged" if len(good) < len(runs) else ""
    return "| " + " | ".join((variant.name, average, spread, clear, secret, *layers, logit, note)) + " |"


def _comparison(results, this, that):
    ours, theirs = _runs(results, this), _runs(results, that)
    pairs = sorted(
        seed for seed in ours.keys() & theirs.keys() if not ours[seed]["diverged"] and not theirs[seed]["diverged"]
    )
    if len(pairs) < 2:
        return f"| {this} | {that} | {len(pairs)} | – | – | too few runs |"
    differences = [100 * (ours[seed]["val_accuracy"] - theirs[seed]["val_accuracy"]) for seed in pairs]
    half = STUDENT[len(pairs) - 1] * stdev(differences) / sqrt(len(pairs))
    middle = mean(differences)
    verdict = "undecided" if abs(middle) <= half else "higher" if middle > 0 else "lower"
    interval = f"[{middle - half:+.2f}, {middle + half:+.2f}]"
    return f"| {this} | {that} | {len(pairs)} | {middle:+.2f} | {interval} | {verdict} |"


def _fit_row(name):
    coefficients, r, error = ACTIVATIONS[name]
    return f"| {name} | {r if name != 'square' else '–'} | {', '.join(f'{c:.4g}' for c in coefficients)} | {error:.3f} |"


def _parameters(encrypted):
    """What the encrypted runs were made with, in words."""
    if not encrypted:
        return []
    records = list(encrypted.values())
    sizes = sorted(record["log_qp"] for record in records)
    bits = sorted(record["precision_bits"] for record in records)
    first = records[0]
    return [
        f"Encrypted: seed 1, all in one query, N {first['n']}, log QP {sizes[0]:.0f} to {sizes[-1]:.0f}, "
        f"{first['security_bits']} bits of security,",
        f"{first['threads']} thread, {first['cpu']} ({first['kernels']}); logits to {bits[0]:.1f} to {bits[-1]:.1f} "
        "bits of the largest; in brackets labels as in the clear.",
    ]


def write_table(results, encrypted, path):
    lines = [
        "Written by study.py from results.jsonl. Accuracies in percent on the validation split, after the",
        "last epoch; spread is the standard deviation over the seeds; maxima are over seeds and images.",
        *_parameters(encrypted),
        "",
        "| variant | accuracy | spread | seed 1 | seed 1, encrypted | max abs pre-activation 1 | 2 | max abs logit | |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(results, encrypted, variant) for variant in variants()),
        "",
        "Differences in percentage points, paired by seed, with 95 % intervals of Student's t:",
        "",
        "| this | against | seeds | difference | interval | this is |",
        "|---|---|---|---|---|---|",
        *(_comparison(results, this, that) for this, that in COMPARISONS),
        "",
        "The polynomials, and their largest error against the function on [-r, r]:",
        "",
        "| name | r | c0 ... c4 | largest error |",
        "|---|---|---|---|",
        *(_fit_row(name) for name in ACTIVATIONS),
    ]
    path.write_text("\n".join(lines) + "\n")
