"""Discrete least-squares fits of degree 4 to Swish and Mish, as arXiv 2009.03727 has them."""

import numpy as np

POINTS = 1001  # an even grid of as many points gives the published digits


def swish(x):
    return x / (1 + np.exp(-x))


def mish(x):
    return x * np.tanh(np.logaddexp(0.0, x))


def fit(function, r, points=POINTS):
    """Coefficients (c0, ..., c4) of the fit on [-r, r], and the largest error there.

    Even and odd part are fitted apart, which on a grid symmetric about 0 is the same fit; Swish's
    odd part is x/2, so that its c3 is 0 exactly.
    """
    x = np.linspace(-r, r, points)
    y, mirrored = function(x), function(-x)
    coefficients = np.zeros(5)
    for powers, part in (((0, 2, 4), (y + mirrored) / 2), ((1, 3), (y - mirrored) / 2)):
        basis = np.stack([x**k for k in powers], axis=1)
        coefficients[list(powers)] = np.linalg.lstsq(basis, part, rcond=None)[0]
    coefficients[np.abs(coefficients) < 1e-12] = 0.0
    error = np.abs(np.polyval(coefficients[::-1], x) - y).max()
    return tuple(coefficients.tolist()), float(error)


# What the paper prints, to its last digit.
PUBLISHED = {
    (swish, 4): (0.03347, 0.5, 0.19566, 0.0, -0.005075),
    (swish, 6): (0.1198, 0.5, 0.1473, 0.0, -0.002012),
    (mish, 4): (0.06021, 0.565775, 0.21051, -0.004142, -0.00609),
}


def assert_known_answers():
    """Raises where a fit does not round to the published digits."""
    for (function, r), published in PUBLISHED.items():
        ours = fit(function, r)[0]
        if not np.allclose(ours, published, rtol=3e-4, atol=1e-9):
            raise AssertionError(f"{function.__name__} on [-{r}, {r}]: {ours}, published {published}")
