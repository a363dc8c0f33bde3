"""One answer in floats, fractions and mpmath, on the diagonal and on the whole matrix; floors and rates."""

import time
from fractions import Fraction as Q

import mpmath
import numpy as np
import pytest
import sympy as sp

from zotheory.bounds.dynamics.odd import odd_moments
from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    ImportanceBlocks,
    Mixture,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Axis

FULL = [[Q(2), Q(1, 2), Q(0)], [Q(1, 2), Q(1), Q(-1, 4)], [Q(0), Q(-1, 4), Q(1, 2)]]
FLOATS = np.array(FULL, dtype=float)
DIAGONAL = [[Q(2), 0, 0], [0, Q(1), 0], [0, 0, Q(1, 2)]]
START = [Q(1), Q(-2), Q(1, 2)]
NOISE = [[Q(1), Q(1, 2), Q(0)], [Q(1, 2), Q(1), Q(0)], [Q(0), Q(0), Q(2)]]
SKEWED = Empirical(
    [[4, 0, 0], [-2, 2, 0], [-2, -2, 0], [0, 4, 0], [0, 0, 0], [0, 0, 3], [0, 0, -3]],
    [Q(1, 8), Q(1, 8), Q(1, 8), Q(1, 8), Q(1, 6), Q(1, 6), Q(1, 6)],
)
PAIRED = {
    "gaussian": Gaussian(3, Q(1, 2)),
    "sphere": Sphere(3, Q(1, 2)),
    "mixture": Mixture([Gaussian(3), Sphere(3, Q(1, 2))], [Q(1, 4), Q(3, 4)]),
}
TIED = {"rademacher": Rademacher(3, Q(1, 2)), "coordinate": Coordinate(3, Q(1, 2))}
TURNING = {
    "DAP": Following(DAP(FirstAxis(3), Q(1, 2))),
    "tilted DAP": Following(DAP(FirstAxis(3), Q(1, 2), "gaussian"), alignment=Q(1, 2)),
    "two atoms": Following(TwoAtom(FirstAxis(3), Q(3, 4), Q(1, 2))),
    # Long along the direction when long across it: beta < 0.
    "shells": Following(Shells(Axis([1, 0, 0]), [[Q(2), Q(6)], [Q(1), Q(0)], [Q(0), Q(0)]], [Q(1, 3)] * 3)),
}
TENSOR = {
    "blocks": ImportanceBlocks([1, 2], [Q(1, 9), Q(8, 9)]),
    "random block": RandomBlock(3, 1, Gaussian, Q(1, 2)),
    "fixed DAP": DAP([1, 2, 2], Q(1, 2)),
    "skewed": SKEWED,
}
EVERY = {**PAIRED, **TIED, **TENSOR}


def make(hessian, law, step=Q(1, 10), **options):
    forward = {} if isinstance(law, Following) else {"difference": "forward", "mu": Q(1, 3)}
    return QuadraticDynamics(hessian, law, step, **{"noise": NOISE, "batch": 2, **forward, **options})


@pytest.mark.parametrize("hessian", [FULL, DIAGONAL])
@pytest.mark.parametrize("name", [*EVERY, *TURNING])
def test_floats_fractions_and_mpmath_agree(name, hessian):
    law = {**EVERY, **TURNING}[name]
    runs = {digits: make(hessian, law, digits=digits) for digits in (None, "exact", 40)}
    found = {digits: one.run(START, 4) for digits, one in runs.items()}
    exact = found["exact"].values
    assert found[None].values == pytest.approx(exact.astype(float), rel=1e-13)
    floor = runs["exact"].floor()
    assert runs[None].floor() == pytest.approx(float(floor), rel=1e-11)
    assert isinstance(floor, Q)
    assert all(isinstance(value, Q) for value in exact)
    with mpmath.workdps(40):
        for value, other in zip(found[40].values, exact, strict=True):
            assert abs(mpmath.mpf(value) / (mpmath.mpf(other.numerator) / other.denominator) - 1) < 1e-36
        assert abs(mpmath.mpf(runs[40].floor()) * floor.denominator / floor.numerator - 1) < 1e-35
    assert float(runs[40].rate()) == pytest.approx(runs[None].rate(), rel=1e-11)
    assert float(runs[40].largest_stable_step()) == pytest.approx(
        runs[None].largest_stable_step(), rel=1e-11
    )


@pytest.mark.parametrize(
    ("law", "hessian"),
    [(law, h) for law in (*PAIRED.values(), *TURNING.values()) for h in (FULL, DIAGONAL)]
    + [(law, DIAGONAL) for law in TIED.values()],
)
@pytest.mark.parametrize("noise", [NOISE, [1, 0, 3]], ids=["covariance", "diagonal"])
def test_the_diagonal_equals_the_whole_matrix(law, hessian, noise):
    short, whole = make(hessian, law, noise=noise), make(hessian, law, noise=noise, reduced=False)
    assert short.reduced
    assert not whole.reduced
    floats = np.array(hessian, dtype=float)
    values, basis = np.linalg.eigh(floats)
    if hessian is DIAGONAL:
        values, basis = np.diag(floats), np.eye(3)
    for start in (START, np.array([[2, 1, 0], [1, 1, 0], [0, 0, 3]])):
        one, other = short.run(start, 5, keep=True), whole.run(start, 5, keep=True)
        assert one.values == pytest.approx(other.values, rel=1e-12)
        assert one.moments[-1] == pytest.approx(np.diag(basis.T @ other.moments[-1] @ basis), rel=1e-10)
        assert one.values == pytest.approx(one.moments @ values / 2, rel=1e-12)
        assert (one.mean is None) == (other.mean is None)
        if one.mean is not None:
            assert one.mean == pytest.approx(other.mean, rel=1e-12)
    assert short.floor() == pytest.approx(whole.floor(), rel=1e-10)
    assert short.rate() == pytest.approx(whole.rate(), rel=1e-10)
    assert short.largest_stable_step() == pytest.approx(whole.largest_stable_step(), rel=1e-10)


@pytest.mark.parametrize("name", [*EVERY, *TURNING])
def test_long_runs_reach_the_floor_at_the_rate(name):
    law = {**EVERY, **TURNING}[name]
    dynamics = make(FULL, law, step=Q(1, 10))
    floor = dynamics.floor()
    assert floor > 0.01
    far = dynamics.run(START, 3000)
    assert far.values[-1] == pytest.approx(floor, rel=1e-9)
    quiet = make(FULL, law, step=Q(1, 10), noise=None, mu=0, digits=30)
    assert quiet.floor() == 0
    values = quiet.run(START, 400).values
    assert float(values[-1] / values[-2]) == pytest.approx(float(quiet.rate()), rel=1e-3)


def test_digits_near_the_floor():
    """The distance to the floor falls by the rate far below what floats can hold apart."""
    dynamics = make(DIAGONAL, Gaussian(3), digits=80)
    floor, values = dynamics.floor(), dynamics.run(START, 600).values
    gaps = values - floor
    assert 0 < abs(gaps[-1]) < 1e-25 * floor
    assert float(gaps[-1] / gaps[-2]) == pytest.approx(float(dynamics.rate()), rel=1e-6)


def test_the_mean_contracts_by_itself():
    h = np.array(FULL, dtype=float)
    expected = np.linalg.matrix_power(np.eye(3) - 0.05 * h, 7) @ np.array(START, dtype=float)
    for law in (PAIRED["gaussian"], TIED["rademacher"], TURNING["DAP"], TENSOR["fixed DAP"]):
        for digits in (None, "exact", 30):
            found = QuadraticDynamics(FULL, law, Q(1, 10), digits=digits).mean(START, 7)
            assert found.astype(float) == pytest.approx(expected, rel=1e-12)


def test_central_differences_do_not_see_mu():
    runs = [QuadraticDynamics(FULL, Gaussian(3), 0.1, mu=mu).run(START, 3).values.tolist() for mu in (0, 5)]
    assert runs[0] == runs[1]


def test_a_law_and_its_mirror_image_in_floats_have_no_odd_moments():
    """Sums of floats that cancel up to rounding are zero; an asymmetry far above rounding is kept."""
    rng = np.random.default_rng(3)
    points, shares = rng.standard_normal((5, 3)), rng.dirichlet(np.ones(5))
    both, weights, order = np.vstack([points, -points]), np.tile(shares / 2, 2), rng.permutation(10)
    root = np.linalg.inv(np.linalg.cholesky((weights[:, None] * both).T @ both))
    whitened = (both @ root.T)[order]
    law = Empirical(whitened, weights[order])
    forms = ((whitened @ FLOATS) * whitened).sum(axis=1)
    assert np.any((law.weights * forms) @ law.points != 0)  # rounding, without which this tests nothing
    half = Empirical(SKEWED.points.astype(float), SKEWED.weights.astype(float))
    mirrored = Empirical(-half.points, half.weights)
    mixture = Mixture([half, mirrored], [0.5, 0.5])
    for symmetric in (law, mixture):
        assert odd_moments(symmetric, FLOATS) is None
        QuadraticDynamics(FLOATS, symmetric, 0.01, mu=0.5, difference="forward").run(np.eye(3), 3)
    exact = odd_moments(SKEWED, np.array(FULL, dtype=object))
    for weight in (1.0, 1e-6):
        lopsided = half if weight == 1 else Mixture([half, mixture], [weight, 1 - weight])
        kept = odd_moments(lopsided, FLOATS)
        assert kept is not None
        assert exact is not None
        for found, expected in zip(kept, exact, strict=True):
            assert found == pytest.approx(weight * expected.astype(float), rel=1e-8)


@pytest.mark.parametrize("step", [Q(1, 15), Q(1, 50)])
def test_the_rate_with_odd_moments_is_that_of_mean_and_square_together(step):
    options = dict(noise=None, digits=40, batch=1)
    one, square = (make(FULL, SKEWED, step=step, mu=mu, **options) for mu in (Q(1, 3), 0))
    gaps = one.run(START, 700).values - one.floor()
    assert float(gaps[-1] / gaps[-2]) == pytest.approx(float(one.rate()), rel=1e-4)
    slowest = 1 - float(step) * min(np.linalg.eigvalsh(FLOATS)) * float(SKEWED.delta)
    assert float(one.rate()) == pytest.approx(max(slowest, float(square.rate())), rel=1e-12)
    assert make(FULL, SKEWED, step=step, mu=Q(1, 3), noise=None, digits="exact", batch=1).rate() == (
        pytest.approx(float(one.rate()), rel=1e-9)
    )
    if step == Q(1, 50):
        assert slowest > float(square.rate())


def test_an_indefinite_regular_curvature_has_a_rate():
    law = ImportanceBlocks([1, 2], [0.3, 0.7])
    h = np.array([[1.0, 0.2, 0], [0.2, -0.5, 0], [0, 0, 2.0]])
    dynamics = QuadraticDynamics(h, law, 0.05)
    assert not dynamics.reduced
    states = dynamics.run(np.eye(3), 4000, keep=True).moments
    assert dynamics.rate() == pytest.approx(np.trace(states[-1]) / np.trace(states[-2]), rel=1e-6)
    assert dynamics.rate() > 1
    with pytest.raises(InvalidArgument, match="singular"):
        QuadraticDynamics([1.0, -0.5, 0.0], law, 0.05).rate()


def test_indefinite_curvature_runs():
    """E f may fall without bound; the recursion is exact all the same."""
    h = np.array([1.0, -0.5])
    values = QuadraticDynamics(h, Sphere(2), 0.1).run([0, 1], 50).values
    assert values[-1] < 10 * values[0] < 0


def test_a_hundred_thousand_dimensions():
    dim = 100_000
    h = 1.0 / np.arange(1, dim + 1)
    began = time.perf_counter()
    dynamics = QuadraticDynamics(h, Following(DAP(FirstAxis(dim))), 1 / h.sum(), noise=np.full(dim, 1e-6))
    assert dynamics.largest_stable_step() == pytest.approx(2 / h.sum(), rel=1e-12)
    values = dynamics.run(np.ones(dim), 200).values
    assert time.perf_counter() - began < 20
    assert values[0] == pytest.approx(h.sum() / 2)
    # delta = 1, kappa = 0 and eta = 1/tr H: M_i = (N + eta^2 s) / (2 eta h_i) with N = eta^2 tr Sigma, so
    # s = sum h_i^2 M_i = (N + eta^2 s) tr H / (2 eta) = N / eta^2, and E f = d (N + eta^2 s) / (4 eta).
    assert dynamics.floor() == pytest.approx(dim * 2 * (dim * 1e-6 / h.sum() ** 2) * h.sum() / 4, rel=1e-9)


def test_directions_without_curvature_do_not_count():
    flat = QuadraticDynamics([1.0, 2.0, 0.0, 0.0], Gaussian(4), 0.1, noise=np.ones(4))
    rotation = np.linalg.qr(np.arange(16.0).reshape(4, 4) + 5 * np.eye(4))[0]
    turned = QuadraticDynamics(
        rotation @ np.diag([1.0, 2.0, 0, 0]) @ rotation.T, Gaussian(4), 0.1, noise=np.ones(4)
    )
    # By hand from the same formulas on the two curved directions.
    x = 0.1 * np.array([1.0, 2.0])
    assert flat.rate() == pytest.approx(turned.rate(), rel=1e-10)
    assert flat.floor() == pytest.approx(turned.floor(), rel=1e-9)
    states = flat.run([1, 1, 0, 0], 3000)
    assert states.values[-1] == pytest.approx(flat.floor(), rel=1e-9)
    radius = flat.rate()
    assert (x**2 / (radius - 1 + 2 * x - 2 * x**2)).sum() == pytest.approx(1, rel=1e-8)


def test_numbers_from_sympy_and_mpmath():
    root = QuadraticDynamics([sp.sqrt(2), sp.Rational(1, 3)], Sphere(2), sp.Rational(1, 10), digits=40)
    with mpmath.workdps(40):
        again = QuadraticDynamics(
            np.array([mpmath.sqrt(2), mpmath.mpf(1) / 3], dtype=object), Sphere(2), Q(1, 10), digits=40
        )
        one, other = (d.run([1, 1], 3).values[-1] for d in (root, again))
        assert abs(one / other - 1) < 1e-38
    assert root.run(np.array([mpmath.mpf(1), mpmath.mpf(1)], dtype=object), 3).values[-1] == one
