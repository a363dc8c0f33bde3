"""The generalization gap itself, by enumeration of every data set, index and perturbation."""

from itertools import product

import numpy as np
import pytest

from zotheory.bounds.stability.bound import uniform_stability
from zotheory.laws import Coordinate, Rademacher

SIGNS = [np.array(v, dtype=float) for v in product([1, -1], repeat=2)]
AXES = [sign * np.sqrt(2) * np.eye(2)[i] for i in range(2) for sign in (1, -1)]
# Samples (b, y) of l(x) = h(b.x - y), |b| = 1, equally likely; contradictory, to be overfitted.
SAMPLES = [(np.array([1.0, 0.0]), 2.0), (np.array([1.0, 0.0]), -2.0), (np.array([0.6, 0.8]), 1.0)]


def huber(s):
    return s * s / 2 if abs(s) <= 1 else abs(s) - 0.5


def tail(s):
    """1 - exp(-s^2/2): |h'| <= exp(-1/2) < 1, h'' between -2 exp(-3/2) and 1."""
    return 1 - np.exp(-s * s / 2)


def gap(h, atoms, eta, mu, steps, count):
    """Return E[R(x_T) - R_S(x_T)] over data sets, indices and perturbations."""

    def value(x, sample):
        b, y = sample
        return h(b @ x - y)

    total, runs = 0.0, 0
    for data in product(SAMPLES, repeat=count):
        for path in product(product(range(count), atoms), repeat=steps):
            x = np.zeros(2)
            for index, v in path:
                x = x - eta * (value(x + mu * v, data[index]) - value(x, data[index])) / mu * v
            risk = np.mean([value(x, z) for z in SAMPLES])
            total += risk - np.mean([value(x, z) for z in data])
            runs += 1
    return total / runs


@pytest.mark.parametrize(
    ("law", "atoms"), [(Rademacher(2), SIGNS), (Coordinate(2), AXES)], ids=["signs", "axes"]
)
@pytest.mark.parametrize(("h", "curvature"), [(huber, 0), (tail, -1)], ids=["huber", "tail"])
def test_the_gap_stays_below_the_stability_bound(law, atoms, h, curvature):
    for steps, mu in ((1, 0.5), (2, 0.1)):
        found = gap(h, atoms, 0.5, mu, steps, 2)
        bound = uniform_stability(
            law,
            smoothness=1,
            lipschitz=1,
            curvature=curvature,
            samples=2,
            step_size=0.5,
            steps=steps,
            mu=mu,
        )
        assert 0.02 < found <= bound.stability
