"""The gauge: (v, delta, mu, eta) -> (c v, c^2 delta, mu / c, eta / c^2) changes no iterate of plain SGD."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.estimators import Central, Forward, OnePoint, TwoStage
from zotheory.laws import Gaussian, OrthonormalFrame, Sphere

X0 = np.array([0.5, -1.0, 0.25, 2.0])


def sgd(estimator, objective, x0, step, steps, rng):
    """Return the iterates of x <- x - step g."""
    path = [np.array(x0)]
    for _ in range(steps):
        path.append(path[-1] - step * estimator.estimate(objective, path[-1], rng).gradients[0])
    return np.array(path)


def quadratic(points):
    return (points**2 * [1.0, 0.5, -0.25, 2.0]).sum(axis=1) / 2 + points[:, 0] * points[:, 1]


def smooth(points):
    return np.log(np.cosh(points)).sum(axis=1) + np.sin(points[:, 1] * points[:, 2])


KINDS = {
    "forward": lambda law, mu: Forward(law, mu, 2),
    "central": lambda law, mu: Central(law, mu, 2),
    "one-point": lambda law, mu: OnePoint(law, mu, 2),
    "two-stage": lambda law, mu: TwoStage(law, mu, 2, 3, "average"),
    "two-stage-gaussian": lambda law, mu: TwoStage(law, mu, 2, 3, 0.25, "gaussian", "central"),
}
STEPS = 8


def pair(family, kind, objective, delta, mu, step, c, seed):
    one = sgd(kind(family(delta), mu), objective, X0, step, STEPS, np.random.default_rng(seed))
    two = sgd(
        kind(family(c * c * delta), mu / c), objective, X0, step / c**2, STEPS, np.random.default_rng(seed)
    )
    return one, two


@pytest.mark.parametrize("objective", [quadratic, smooth])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("c", [0.25, 8.0])
def test_bit_for_bit_for_powers_of_two(family, kind, objective, c):
    # Scaling by a power of two commutes with every rounding, so the iterates are the same numbers.
    one, two = pair(family, kind, objective, 0.5, 0.125, 0.02, c, 1)
    assert np.isfinite(one).all()
    assert not np.array_equal(one[0], one[-1])
    assert np.array_equal(one, two)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    delta=st.floats(0.1, 4),
    c=st.floats(0.05, 20),
    mu=st.floats(0.05, 1),
    step=st.floats(1e-4, 0.02),
    seed=st.integers(0, 2**32),
    crossed=st.booleans(),
)
def test_to_rounding_for_any_factor(family, delta, c, mu, step, seed, crossed):
    # One rounding of f, 1e-16, grows by 1/mu <= 20 in a difference and little in eight short steps.
    objectives = (smooth, quadratic) if crossed else (quadratic, smooth)
    for kind, objective in zip(("forward", "central"), objectives, strict=True):
        one, two = pair(family, KINDS[kind], objective, delta, mu, step, c, seed)
        np.testing.assert_allclose(two, one, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("law", [Gaussian, Sphere, lambda d, delta: OrthonormalFrame(d, 2, delta)])
def test_each_part_of_the_gauge_is_needed(law):
    c, delta, mu, step = 3.0, 0.5, 0.125, 0.02

    def path(scale, distance, length):
        estimator = Forward(law(4, scale), distance, 2)
        return sgd(estimator, smooth, X0, length, STEPS, np.random.default_rng(1))

    one = path(delta, mu, step)
    np.testing.assert_allclose(path(c * c * delta, mu / c, step / c**2), one, rtol=1e-12)
    for other in (
        path(delta, mu / c, step / c**2),
        path(c * c * delta, mu, step / c**2),
        path(c * c * delta, mu / c, step),
    ):
        assert np.abs(other - one).max() > 1e-3


def test_estimates_scale_by_the_square(family):
    # One step of the gauge on its own: g becomes c^2 g, so the unit of delta is that of the estimate.
    one = Central(family(0.5), 0.5, 3).estimate(smooth, X0, 2, 20)
    two = Central(family(2.0), 0.25, 3).estimate(smooth, X0, 2, 20)
    assert np.array_equal(4 * one.gradients, two.gradients)
    assert math.isclose(Central(family(2.0), 0.25).delta, 2)
