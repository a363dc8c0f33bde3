"""Symbols in, formulas out: the known closed forms, and numbers put in agree with the float laws."""

import numpy as np
import pytest
import sympy as sp

from zotheory.laws import (
    DAP,
    Alignment,
    Coordinate,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
    require_unbiased,
)
from zotheory.laws.partition import Axis

d, delta, m, b = sp.symbols("d delta m b", positive=True)
rho, p, w = sp.symbols("rho p w", positive=True)
VALUES = {
    d: 12,
    delta: sp.Rational(2, 5),
    m: 4,
    b: 3,
    rho: sp.Rational(3, 5),
    p: sp.Rational(1, 3),
    w: sp.Rational(1, 4),
}
across = 1 - rho**2
DAP_FOURTH = rho**4 + 6 * rho**2 * across + across**2 * 3 * (d - 1) / (d + 1)
DAP_GAUSSIAN_FOURTH = rho**4 + 6 * rho**2 * across + 3 * across**2

# (law from its parameters, gradient, nu, E s^2 / delta^2 or None)
LAWS = [
    (lambda v: Gaussian(v(d), v(delta)), d + 2, 3),
    (lambda v: Sphere(v(d), v(delta)), d, 3 * d / (d + 2)),
    (lambda v: Rademacher(v(d), v(delta)), d, None),
    (lambda v: Coordinate(v(d), v(delta)), d, None),
    (lambda v: RandomBlock(v(d), v(m), Gaussian, v(delta)), d * (m + 2) / m, None),
    (lambda v: RandomBlock(v(d), v(m), Sphere, v(delta)), d, None),
    (lambda v: RandomBlock(v(d), v(m), Rademacher, v(delta)), d, None),
    (lambda v: OrthonormalFrame(v(d), v(b), v(delta)), d, 3 * d / (d + 2)),
    (lambda v: DAP(FirstAxis(v(d)), v(delta)), d, DAP_FOURTH),
    (lambda v: DAP(FirstAxis(v(d)), v(delta), "gaussian"), d + 2 * across, DAP_GAUSSIAN_FOURTH),
    (
        lambda v: TwoAtom(FirstAxis(v(d)), v(p), v(delta)),
        rho**2 / p + across * (d - 1) / (1 - p),
        rho**4 / p + 3 * across**2 * (d - 1) / (d + 1) / (1 - p),
    ),
    (lambda v: Guided(FirstAxis(v(d)), v(rho), v(delta)), (rho + sp.sqrt(across * (d - 1))) ** 2, None),
    (
        lambda v: Mixture([DAP(FirstAxis(v(d)), v(delta)), Gaussian(v(d), v(delta))], [v(w), 1 - v(w)]),
        w * d + (1 - w) * (d + 2),
        w * DAP_FOURTH + (1 - w) * 3,
    ),
]  # fmt: skip
IDS = [
    "gaussian", "sphere", "rademacher", "coordinate", "block-gaussian", "block-sphere", "block-rademacher",
    "frame", "dap", "dap-gaussian", "two-atom", "guided", "mixture",
]  # fmt: skip


def symbol(value):
    return value


def exact_number(value):
    number = sp.Rational(VALUES[value])
    return int(number) if number.is_Integer else number


def as_float(value):
    number = sp.Rational(VALUES[value])
    return int(number) if number.is_Integer else float(number)


@pytest.mark.parametrize(("make", "nu", "fourth"), LAWS, ids=IDS)
def test_closed_forms(make, nu, fourth):
    law = make(symbol)
    require_unbiased(law)
    assert sp.simplify(law.dimension_factor(Alignment(rho)) - nu) == 0
    if fourth is not None:
        assert sp.simplify(law.directional_fourth_moment(Alignment(rho)) - fourth * delta**2) == 0


@pytest.mark.parametrize(("make", "nu", "fourth"), LAWS, ids=IDS)
def test_numbers_put_in_afterwards_agree_with_the_float_law(make, nu, fourth):
    law, at = make(symbol), Alignment(rho)
    numeric, at_numeric = make(as_float), Alignment(as_float(rho))

    def same(expression, number):
        assert float(sp.sympify(expression).subs(VALUES)) == pytest.approx(float(number), rel=1e-12)

    same(law.dimension_factor(at), numeric.dimension_factor(at_numeric))
    if fourth is not None:
        same(law.directional_fourth_moment(at), numeric.directional_fourth_moment(at_numeric))
    for k in (1, 2, 3):
        same(law.norm_moment(k), numeric.norm_moment(k))
    same(law.norm_bound(), numeric.norm_bound())
    same(law.batch_mse_factor(at), numeric.batch_mse_factor(at_numeric))
    if "gaussian" not in repr(law):
        same(law.norm_moment(1.5), numeric.norm_moment(1.5))


@pytest.mark.parametrize("make", [entry[0] for entry in LAWS], ids=IDS)
def test_sympy_numbers_stay_exact(make):
    law = make(exact_number)
    at = Alignment(sp.Rational(3, 5))
    assert sp.simplify(sp.sympify(law.dimension_factor(at))).has(sp.Float) is False
    assert float(law.dimension_factor(at)) == pytest.approx(
        float(make(as_float).dimension_factor(Alignment(0.6)))
    )


def test_scalars_of_a_symbolic_gaussian():
    law = Gaussian(d, delta)
    assert sp.expand(law.norm_moment(3) - delta**3 * d * (d + 2) * (d + 4)) == 0
    expected = (2 * delta) ** sp.Rational(3, 2) * sp.gamma(d / 2 + sp.Rational(3, 2)) / sp.gamma(d / 2)
    assert sp.simplify(law.norm_moment(sp.Rational(3, 2)) / expected) == 1


def test_frame_closed_form():
    assert sp.simplify(OrthonormalFrame(d, b, delta).batch_mse_factor() - (d / b - 1)) == 0


def test_random_block_fourth_moment_along_a_gradient_of_known_blocks():
    # Source of the formula: E s^2 = (d / m) delta^2 sum_b k (|a_b| / |a|)^4, k = 3 inside a Gaussian.
    x, y = sp.symbols("x y", positive=True)
    law = RandomBlock(4, 2, Gaussian, delta)
    value = law.directional_fourth_moment([x, 0, 0, y])
    assert sp.simplify(value - 2 * 3 * delta**2 * (x**4 + y**4) / (x**2 + y**2) ** 2) == 0


a = np.array(sp.symbols("x y z", real=True), dtype=object)
SQUARE, OUTER, EYE = a @ a, np.outer(a, a), np.eye(3, dtype=int)
# Error covariances in units of delta^2, d = 3, as published or derived by hand.
COVARIANCES = {
    "gaussian": (lambda s: Gaussian(3, s), SQUARE * EYE + OUTER),
    "sphere": (lambda s: Sphere(3, s), sp.Rational(3, 5) * (SQUARE * EYE + 2 * OUTER) - OUTER),
    "rademacher": (lambda s: Rademacher(3, s), SQUARE * EYE + OUTER - 2 * np.diag(a**2)),
    "coordinate": (lambda s: Coordinate(3, s), 3 * np.diag(a**2) - OUTER),
    "block": (lambda s: RandomBlock(3, 1, Gaussian, s), 9 * np.diag(a**2) - OUTER),
}


@pytest.mark.parametrize("name", COVARIANCES)
def test_covariance_for_a_symbolic_gradient(name):
    make, expected = COVARIANCES[name]
    difference = make(delta).error_covariance(a) - delta**2 * expected
    assert all(sp.expand(entry) == 0 for entry in difference.flat)


@pytest.mark.parametrize("name", COVARIANCES)
def test_covariance_with_numbers_put_in(name):
    make, _ = COVARIANCES[name]
    numbers = dict(zip(a, (0.3, -1.2, 2.0), strict=True)) | {delta: 0.7}
    expected = [[float(entry.subs(numbers)) for entry in row] for row in make(delta).error_covariance(a)]
    got = make(0.7).error_covariance(list(numbers.values())[:3])
    assert got.dtype == float
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def vanishes(entry):
    """Whether a rational expression is zero: its numerator over a common denominator is, expanded."""
    return sp.expand(sp.fraction(sp.together(entry))[0]) == 0


@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
def test_dap_along_a_symbolic_gradient(complement):
    # The complement does not enter: C = |a|^2 I - a a^T.
    covariance = DAP(a, delta, complement).error_covariance(a)
    difference = covariance - delta**2 * (SQUARE * EYE - OUTER)
    assert all(vanishes(entry) for entry in difference.flat)
    assert not vanishes(difference[0, 1] + delta**2 * a[0])


def test_two_atom_along_a_symbolic_gradient():
    # g is delta a / p with probability p, else zero.
    difference = TwoAtom(a, p, delta).error_covariance(a) - delta**2 * (1 / p - 1) * OUTER
    assert all(vanishes(entry) for entry in difference.flat)


def test_sympy_matrices_are_vectors():
    column, row = sp.Matrix([3, 4, 0]), sp.ImmutableMatrix([[3, 4, 0]])
    for vector in (column, row):
        assert DAP(vector).dimension_factor(vector) == 3
        assert np.all(Sphere(3).error_covariance(vector) == Sphere(3).error_covariance([3, 4, 0]))


def test_importance_blocks_with_symbolic_energies():
    e = sp.Symbol("e", positive=True)
    law = ImportanceBlocks([1, 3], [e, 1 - e], delta)
    require_unbiased(law)
    nu = law.dimension_factor([sp.sqrt(e), sp.sqrt(1 - e), 0, 0])
    assert sp.simplify(nu - (sp.sqrt(e) + sp.sqrt(3 * (1 - e))) ** 2) == 0


def test_shells_with_symbolic_energies():
    law = Shells(Axis(FirstAxis(d)), [[delta / p, 0], [0, delta * (d - 1) / (1 - p)]], [p, 1 - p])
    require_unbiased(law)
    assert sp.simplify(law.delta - delta) == 0
    assert sp.simplify(law.dimension_factor(Alignment(1)) - 1 / p) == 0
    assert sp.simplify(law.norm_bound() - sp.Max(delta / p, delta * (d - 1) / (1 - p))) == 0
