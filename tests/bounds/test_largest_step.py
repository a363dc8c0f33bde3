"""The stability limit against growth just above it, scalar conditions, polynomial roots and iteration."""

from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds.dynamics.largest_step import largest_stable_step
from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Axis
from zotheory.rng import stream

FULL = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, -0.25], [0.0, -0.25, 0.5]])
DIAGONAL = np.array([2.0, 1.0, 0.5])
LAWS = {
    "gaussian": Gaussian(3, 0.5),
    "sphere": Sphere(3, 2),
    "rademacher": Rademacher(3, 0.5),
    "coordinate": Coordinate(3, 2),
    "mixture": Mixture([Gaussian(3), Rademacher(3, 3)], [0.5, 0.5]),
    "blocks": ImportanceBlocks([1, 2], [0.3, 0.7]),
    "random block": RandomBlock(3, 1, Gaussian),
    "fixed DAP": DAP([1, 2, 2]),
    "fixed two atoms": TwoAtom([1, 2, 2], 0.8),
    "DAP": Following(DAP(FirstAxis(3), 0.5)),
    "two atoms": Following(TwoAtom(FirstAxis(3), 0.7)),
    "guided": Following(Guided(FirstAxis(3), 0.6)),
    "negative beta": Following(Shells(Axis([1, 0, 0]), [[2, 6], [1, 0], [0, 0]], [1 / 3] * 3)),
}


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("hessian", [FULL, DIAGONAL], ids=["full", "diagonal"])
@pytest.mark.parametrize("name", LAWS)
def test_growth_above_and_decay_below(name, hessian, batch):
    """E|x|^2 = tr M over many steps, from M = I, followed as a whole matrix."""
    law = LAWS[name]
    limit = largest_stable_step(hessian, law, batch=batch)
    size = {}
    for factor in (0.99, 1.01):
        dynamics = QuadraticDynamics(hessian, law, factor * limit, batch=batch, reduced=False)
        moments = dynamics.run(np.eye(3), 1500, keep=True).moments
        size[factor] = np.trace(moments[-1]) / np.trace(moments[-200])
        assert (dynamics.rate() < 1) == (factor < 1)
    assert size[0.99] < 0.9
    assert size[1.01] > 1.1
    assert QuadraticDynamics(hessian, law, limit, batch=batch).rate() == pytest.approx(1, abs=1e-9)


H_SYMBOLS = [Q(2), Q(1), Q(1, 2)]


def scalar_root(condition):
    """Smallest positive root in eta of a rational condition = 0, from its numerator by Sturm sequences."""
    eta = sp.Symbol("eta")
    numerator = sp.Poly(sp.numer(sp.together(condition(eta))), eta)
    roots = [root for root in numerator.real_roots() if root > 0]
    return float(min(roots).evalf(30))


def test_secular_conditions():
    """The stated conditions, solved as polynomials."""
    h = [sp.Rational(x.numerator, x.denominator) for x in H_SYMBOLS]
    delta = sp.Rational(1, 2)
    gaussian = scalar_root(lambda eta: sum(eta * delta * x / (1 - eta * delta * x) for x in h) - 2)
    assert largest_stable_step(H_SYMBOLS, Gaussian(3, Q(1, 2))) == pytest.approx(gaussian, rel=1e-12)
    assert largest_stable_step(H_SYMBOLS, Sphere(3, Q(1, 2))) == pytest.approx(5 / 3 * gaussian, rel=1e-12)
    # The determinant of 1 - P on the diagonal, P built entry by entry from E[v_i^2 v_j^2].
    for law, m4, m22 in (
        (Gaussian(3), 3, 1),
        (Sphere(3), Q(9, 5), Q(3, 5)),
        (Coordinate(3), 3, 0),
        (Rademacher(3), 1, 1),
    ):
        m4, m22 = sp.Rational(str(m4)), sp.Rational(str(m22))

        def singular(eta, m4=m4, m22=m22):
            rows = [
                [
                    (2 * eta * h[i] if i == j else 0) - eta**2 * (m4 if i == j else m22) * h[j] ** 2
                    for j in range(3)
                ]
                for i in range(3)
            ]
            return sp.Matrix(rows).det()

        assert largest_stable_step(H_SYMBOLS, law) == pytest.approx(scalar_root(singular), rel=1e-12)


def test_closed_forms_are_exact_fractions():
    options = {"digits": "exact"}
    trace, top, delta = sum(H_SYMBOLS), max(H_SYMBOLS), Q(3, 2)
    assert largest_stable_step(H_SYMBOLS, Following(DAP(FirstAxis(3), delta)), **options) == 2 / (
        delta * trace
    )
    assert largest_stable_step(H_SYMBOLS, Rademacher(3, delta), **options) == 2 / (delta * trace)
    assert largest_stable_step(H_SYMBOLS, Coordinate(3, delta), **options) == 2 / (3 * delta * top)
    two = Following(TwoAtom(FirstAxis(3), Q(4, 5), delta))
    assert largest_stable_step(H_SYMBOLS, two, **options) == 2 * Q(4, 5) / (delta * top)
    # With H = h I every law has eta = 2/(h delta nu).
    for law, nu in ((Gaussian(3), 5), (Sphere(3), 3), (Rademacher(3), 3), (Coordinate(3), 3)):
        assert largest_stable_step([Q(2)] * 3, law) == pytest.approx(2 / (2 * nu), rel=1e-14)


def test_a_batch_approaches_gradient_descent():
    """With b draws eta tends to 2/(delta h_max), from below."""
    steps = [largest_stable_step(FULL, Gaussian(3, 0.5), batch=b) for b in (1, 10, 100, 10**6)]
    limit = 2 / (0.5 * np.linalg.eigvalsh(FULL)[-1])
    assert steps == sorted(steps)
    assert steps[-1] < limit
    assert steps[-1] == pytest.approx(limit, rel=1e-4)


def test_one_dimension():
    """E (1 - eta h v^2)^2 = 1 at eta = 2 E v^2 / (h E v^4)."""
    for law, fourth in ((Gaussian(1), 3), (Sphere(1), 1), (Rademacher(1), 1), (Following(DAP([1])), 1)):
        assert largest_stable_step([4.0], law) == pytest.approx(2 / (4 * fourth))
    three = Empirical([[0], [2], [-2]], [Q(1, 2), Q(1, 4), Q(1, 4)])
    assert largest_stable_step([4.0], three) == pytest.approx(2 * 2 / (4 * 8))


def test_simulated_growth():
    """The mean of x^2 over one step from draws of the worst second moment, Gaussian law."""
    limit = largest_stable_step(DIAGONAL, Gaussian(3))
    # At the limit some diagonal M is left as it is: M_i = eta s / (2 h_i (1 - eta h_i)) up to scale.
    moment = 1 / (DIAGONAL * (1 - limit * DIAGONAL))
    rng = stream(2024, "largest step")
    x = rng.standard_normal((400_000, 3)) * np.sqrt(moment)
    v = rng.standard_normal(x.shape)
    after = x - limit * ((x * DIAGONAL) * v).sum(axis=1, keepdims=True) * v
    change = after**2 - x**2
    error = change.std(axis=0) / np.sqrt(len(x))
    assert np.all(np.abs(change.mean(axis=0)) < 6 * error)
    assert np.all(6 * error < 0.2 * moment)


@pytest.mark.parametrize("law", [Gaussian(2), RandomBlock(2, 1), DAP([1, 2])])
def test_curvature_must_be_convex(law):
    with pytest.raises(InvalidArgument, match="convex"):
        largest_stable_step([[1.0, 0], [0, -1]], law)
    with pytest.raises(InvalidArgument, match="convex"):
        largest_stable_step([0.0, 0.0], law)


def test_singular_curvature():
    """Directions without curvature do not count on the diagonal, and are refused elsewhere."""
    flat = largest_stable_step([2.0, 1.0, 0.0, 0.0], Rademacher(4))
    assert flat == pytest.approx(2 / 3)
    with pytest.raises(InvalidArgument, match="singular"):
        largest_stable_step([[1.0, 1.0], [1.0, 1.0]], DAP([1, 2]))
    with pytest.raises(InvalidArgument, match="batch"):
        largest_stable_step([1.0], Gaussian(1), batch=0)
