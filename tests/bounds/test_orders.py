"""Fitted exponents on made-up power laws, counted iterations by brute force, bad input."""

import numpy as np
import pytest

from zotheory.bounds import QuadraticDynamics
from zotheory.bounds.orders import fit_exponents, iterations_to_reach, least_iterations
from zotheory.errors import InvalidArgument
from zotheory.laws import Gaussian, Sphere

DIMS, EPSILONS = np.array([4, 4, 4, 16, 16, 16, 64, 64, 64]), np.array([0.1, 0.01, 0.001] * 3)


def test_exact_power_laws_come_back():
    found = fit_exponents({"d": DIMS, "1/eps": 1 / EPSILONS}, 7 * DIMS**1.25 * EPSILONS**-0.5)
    assert found["d"].value == pytest.approx(1.25)
    assert found["1/eps"].value == pytest.approx(0.5)
    assert found["d"].high - found["d"].low < 1e-9


@pytest.mark.parametrize("seeds", [1, 4])
def test_intervals_cover_at_their_level(seeds):
    rng, hits, runs = np.random.default_rng(1), 0, 2000
    for _ in range(runs):
        noise = np.exp(0.3 * rng.standard_normal((len(DIMS), seeds)))
        counts = (5 * DIMS * EPSILONS**-2.0)[:, None] * noise
        found = fit_exponents(
            {"d": DIMS, "1/eps": 1 / EPSILONS}, counts if seeds > 1 else counts[:, 0], confidence=0.9
        )["1/eps"]
        hits += found.low <= 2 <= found.high
    # Within five standard deviations of the stated level.
    assert abs(hits / runs - 0.9) < 5 * np.sqrt(0.09 / runs)


def test_iterations_are_those_of_running_step_by_step():
    h, law = np.array([0.3, 1.0, 0.7]), Gaussian(3)
    dynamics = QuadraticDynamics(h, law, 0.1)
    state, t = np.array([1.0, 4.0, 0.25]), 0
    while h @ state / 2 > 1e-3:
        state, t = dynamics.step(state), t + 1
    assert t > 64
    assert iterations_to_reach(dynamics, [1, 2, 0.5], 1e-3) == t
    assert iterations_to_reach(dynamics, [1, 2, 0.5], 1e-3, limit=t - 1) is None
    assert iterations_to_reach(dynamics, [1, 2, 0.5], 100) == 0


@pytest.mark.parametrize("noise", [None, [0.01, 0.01]])
def test_least_iterations_are_the_best_of_a_fine_grid(noise):
    h, law, start, epsilon = [0.5, 1.0], Sphere(2), [1, 1], 0.02
    found, step = least_iterations(h, law, start, epsilon, noise=noise)
    grid = [
        iterations_to_reach(QuadraticDynamics(h, law, s, noise=noise), start, epsilon, limit=2000)
        for s in np.geomspace(1e-2, 1.2, 300)
    ]
    assert found <= min(count for count in grid if count is not None)
    assert iterations_to_reach(QuadraticDynamics(h, law, step, noise=noise), start, epsilon) == found


@pytest.mark.parametrize("limit", [56, 60, 100, 200])
def test_a_limit_that_suffices_is_enough(limit):
    """Most steps fail within these limits, some for being too short and some for being too long."""
    h = np.linspace(0.5, 1, 16)
    start = np.full(16, np.sqrt(2 / h.sum()))
    grid = [
        iterations_to_reach(QuadraticDynamics(h, Sphere(16), s), start, 0.03, limit=200)
        for s in np.geomspace(1e-3, 0.2, 400)
    ]
    assert min(count for count in grid if count is not None) == 56
    assert least_iterations(h, Sphere(16), start, 0.03, limit=limit)[0] == 56


@pytest.mark.parametrize(
    ("predictors", "counts", "name"),
    [
        ({}, [1, 2], "predictors"),
        ({"d": [1, 2, 3]}, [1, 2], "predictors"),
        ({"d": [1, 2, 0]}, [1, 2, 3], "predictors"),
        ({"d": [2, 2, 2]}, [1, 2, 3], "predictors"),
        ({"d": [1, 2]}, [1, 2], "predictors"),
        ({"d": [1, 2, 3]}, [1, -2, 3], "counts"),
        ({"d": [1, 2, 3]}, [[1], [2], [3]], "counts"),
        ({"d": [1, 2, 3]}, 3, "counts"),
    ],
)
def test_bad_fits(predictors, counts, name):
    with pytest.raises(InvalidArgument, match=f"^{name}"):
        fit_exponents(predictors, counts)


def test_bad_confidence_and_targets():
    with pytest.raises(InvalidArgument, match=r"^confidence"):
        fit_exponents({"d": [1, 2, 3]}, [1, 2, 3], confidence=1)
    dynamics = QuadraticDynamics([1, 1], Sphere(2), 0.1)
    with pytest.raises(InvalidArgument, match=r"^epsilon"):
        iterations_to_reach(dynamics, [1, 1], 0)
    with pytest.raises(InvalidArgument, match=r"^limit"):
        iterations_to_reach(dynamics, [1, 1], 0.1, limit=0)
    with pytest.raises(InvalidArgument, match=r"^epsilon"):
        least_iterations([1, 1], Sphere(2), [1, 1], 1e-9, limit=10)


def test_a_floor_far_below_a_thousandth_of_the_stable_step_is_found():
    """One curvature h = 1, d = 2: E f = floor + (gap - floor) q^t, at its best over a fine grid."""
    epsilon = 1e-3
    found, step = least_iterations([1, 1], Sphere(2), [1, 1], epsilon, noise=[1, 1], limit=9000, tries=16)
    # |v|^2 = 2: E|x+|^2 = (1 - 2 eta + 2 eta^2) E|x|^2 + eta^2 E[(xi.v)^2 |v|^2], the last 2 tr Sigma = 4.
    eta = np.geomspace(1e-6, 0.9, 200_000)
    q, floor = 1 - 2 * eta + 2 * eta**2, 2 * eta**2 / (2 * eta - 2 * eta**2)
    good = floor < epsilon
    best = np.ceil(np.log((epsilon - floor[good]) / (1 - floor[good])) / np.log(q[good])).min()
    assert best <= found <= 1.001 * best
    rough, _ = least_iterations([1, 1], Sphere(2), [1, 1], epsilon, noise=[1, 1], limit=9000, tries=3)
    assert found <= rough <= 9000
    assert step < 1e-3


def test_noise_that_holds_above_the_target_ends_the_count_early():
    for options in ({}, {"reduced": False}, {"digits": 30}):
        dynamics = QuadraticDynamics([0.5, 1], Sphere(2), 0.1, noise=[1, 1], **options)
        floor = float(dynamics.floor())
        # A hundred million steps would take minutes.
        assert iterations_to_reach(dynamics, [3, 1], 0.99 * floor, limit=10**8) is None
        assert iterations_to_reach(dynamics, [3, 1], 1.01 * floor) is not None


def test_values_that_dip_below_the_floor_are_found():
    """All of x_0 along the steep direction: E f falls fast, before the flat direction has filled up."""
    dynamics = QuadraticDynamics([1.0, 0.001], Gaussian(2), 0.1, noise=[0.01, 0.01])
    values = dynamics.run([1, 0], 2000).values
    epsilon = 0.9 * float(dynamics.floor())
    assert values.min() < epsilon
    expected = int(np.flatnonzero(values <= epsilon)[0])
    assert iterations_to_reach(dynamics, [1, 0], epsilon) == expected


def test_counts_that_cannot_be_asked_for():
    stable = QuadraticDynamics([1, 1], Sphere(2), 0.1)
    for other in ("x", None, [1, 2]):
        with pytest.raises(InvalidArgument, match=r"^dynamics"):
            iterations_to_reach(other, [1, 1], 0.1)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="convex"):
        iterations_to_reach(QuadraticDynamics([1.0, -1.0], Sphere(2), 0.1), [1, 1], 0.1)
    unstable = QuadraticDynamics([1, 1], Sphere(2), 3.0)
    with pytest.raises(InvalidArgument, match=r"^dynamics .*3 is not below the largest stable one, 1"):
        iterations_to_reach(unstable, [1, 1], 0.1)
    assert iterations_to_reach(unstable, [1, 1], 2.0) == 0
    for reduced in (None, False):
        again = QuadraticDynamics([1, 1], Sphere(2), 0.1, reduced=reduced)
        with pytest.raises(InvalidArgument, match=r"^start .*semidefinite"):
            again.run([[1, 2], [2, 1]], 3)
    assert stable.run([[1, 1], [1, 1]], 0).values[0] == 1
