"""Functionals of the error against closed forms, enumeration over designs, and each other."""

import itertools
import math
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.functionals import (
    coordinate_mse,
    covariance_of_s_and_n,
    directional_variance,
    tau_mse,
    total_mse,
)
from zotheory.laws import (
    DAP,
    Alignment,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    Sphere,
    TwoAtom,
)

A = [3, -1, 2, 5]
PAIRS = [[s if i == j else 0 for j in range(4)] for i in range(4) for s in (1, -1)]
HALVES = [[Q(s, 2) for s in signs] for signs in itertools.product((1, -1), repeat=4)]
CELL24 = np.array(PAIRS + HALVES, dtype=object)  # a spherical 5-design: exact for degree four
SIGNS = np.array(list(itertools.product((1, -1), repeat=4)), dtype=object)
AXES = 2 * np.array(PAIRS, dtype=object)
# Three-point rule for N(0, 3), exact to degree five in each entry.
GAUSS = [
    ([p[0] for p in row], math.prod(p[1] for p in row))
    for row in itertools.product([(0, Q(2, 3)), (3, Q(1, 6)), (-3, Q(1, 6))], repeat=4)
]


def uniform(points):
    return [(v, Q(1, len(points))) for v in points]


CASES = {
    "sphere": (Sphere(4, Q(9, 4)), uniform(3 * CELL24)),
    "rademacher": (Rademacher(4), uniform(SIGNS)),
    "coordinate": (Coordinate(4), uniform(AXES)),
    "gaussian": (Gaussian(4, 3), [(np.array(v, dtype=object), w) for v, w in GAUSS]),
    "empirical": (Empirical(np.concatenate([SIGNS, AXES])), uniform(np.concatenate([SIGNS, AXES]))),
    "mixture": (
        Mixture([Rademacher(4), Sphere(4, 4)], [Q(1, 4), Q(3, 4)]),
        [(v, w * p) for group, p in ((SIGNS, Q(1, 4)), (4 * CELL24, Q(3, 4))) for v, w in uniform(group)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_against_enumeration(name):
    law, points = CASES[name]
    a = np.array(A, dtype=object)
    square, delta = int(a @ a), law.delta
    s = [Q((a @ v) ** 2) / square for v, _ in points]
    n = [v @ v for v, _ in points]
    weights = [w for _, w in points]
    mean = lambda values: sum(w * value for w, value in zip(weights, values, strict=True))  # noqa: E731
    cov = mean([p * q for p, q in zip(s, n, strict=True)]) - mean(s) * mean(n)
    assert covariance_of_s_and_n(law, A) == cov
    errors = [v * (a @ v) - delta * a for v, _ in points]
    assert total_mse(law, A) == mean([e @ e for e in errors])
    assert total_mse(law, A, batch=6) == Q(1, 6) * mean([e @ e for e in errors])
    assert directional_variance(law, A) == mean([(e @ a) ** 2 for e in errors]) / square
    for chosen in ([0], [1, 3], [3, 0, 2], range(4)):
        assert coordinate_mse(law, A, chosen) == mean([sum(e[i] ** 2 for i in chosen) for e in errors])
    assert tau_mse(law, A, 3) == coordinate_mse(law, A, [0, 3])
    assert coordinate_mse(law, A, range(4)) == total_mse(law, A) == tau_mse(law, A, 0)


SETS = [[0], [3], [0, 2], [1, 2, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize("chosen", SETS)
def test_dap_redistributes(chosen):
    # Its closed form on T, against the aligned points themselves: d = 4 along the first axis.
    square, part = sum(x * x for x in A), sum(A[i] ** 2 for i in chosen)
    for complement in ("sphere", "gaussian"):
        law = DAP(A, Q(3, 2), complement)
        assert coordinate_mse(law, A, chosen) == Q(9, 4) * (len(chosen) * square - part)
    d = 4
    sphere = Q(9, 4) * (Q(d, d + 2) * (len(chosen) * square + 2 * part) - part)
    assert coordinate_mse(Sphere(4, Q(3, 2)), A, chosen) == sphere
    # A DAP is better on T exactly when T holds more than its share of the energy.
    difference = Q(9, 4) * (len(chosen) * square - part) - sphere
    assert (difference < 0) == (Q(part, square) > Q(len(chosen), d))


@pytest.mark.parametrize("dim", [2, 5])
def test_dap_on_coordinates_by_enumeration(dim):
    # d = 2 and 5: the complement is a sphere in one or four dimensions, where designs are rational.
    rest = [[1], [-1]] if dim == 2 else CELL24.tolist()
    points = [
        np.array([2 * s, *(r * (2 if dim == 2 else 4) for r in row)], dtype=object)
        for s in (1, -1)
        for row in rest
    ]
    law, a = DAP(FirstAxis(dim), 4), np.array([5, *range(1, dim)], dtype=object)
    errors = [v * (a @ v) - 4 * a for v in points]
    for chosen in ([0], [1], list(range(dim))):
        expected = sum(Q(e[i] ** 2) for e in errors for i in chosen) / len(points)
        assert coordinate_mse(law, a, chosen) == expected


def test_symbolic_closed_forms():
    d, delta, rho, p = sp.symbols("d delta rho p", positive=True)
    assert covariance_of_s_and_n(Gaussian(d, delta)) == 2 * delta**2
    assert covariance_of_s_and_n(Sphere(d, delta)) == 0
    assert covariance_of_s_and_n(DAP(FirstAxis(d), delta), Alignment(rho)).simplify() == 0
    below = covariance_of_s_and_n(TwoAtom(FirstAxis(d), p, delta), Alignment(1))
    assert sp.simplify(below - (1 / p - d) * delta**2) == 0
    x, y = sp.symbols("x y", real=True)
    assert sp.simplify(directional_variance(Gaussian(2, delta), [x, y]) - 2 * delta**2 * (x**2 + y**2)) == 0
    assert sp.expand(coordinate_mse(Coordinate(2, delta), [x, y], [1]) - delta**2 * y**2) == 0
    assert sp.expand(total_mse(Rademacher(2, delta), [x, y]) - delta**2 * (x**2 + y**2)) == 0


def test_types():
    for law in (Sphere(4, 0.5), DAP(np.array(A) / 1.0, 0.5)):
        for value in (
            total_mse(law, A),
            directional_variance(law, A),
            coordinate_mse(law, A, [0]),
            tau_mse(law, A, 2),
        ):
            assert isinstance(value, float)
    for law in (Sphere(4, Q(1, 2)), DAP(A, Q(1, 2))):
        for value in (
            total_mse(law, A),
            directional_variance(law, A),
            coordinate_mse(law, A, [0]),
            tau_mse(law, A, 2),
        ):
            assert isinstance(value, (int, Q))


def test_frames():
    law = OrthonormalFrame(4, 3, Q(1, 2))
    assert total_mse(law, A) == total_mse(law, A, 3) == (Q(4, 3) - 1) * Q(1, 4) * 39
    assert total_mse(law, A) == law.batch_error_covariance(A).trace()
    with pytest.raises(InvalidArgument, match="frame's own batch"):
        total_mse(law, A, 1)


def test_threshold_is_inclusive_and_takes_numbers_of_any_type():
    for tau in (2, 2.0, Q(2), np.float32(2), sp.Integer(2), 1.5, sp.sqrt(2)):
        assert tau_mse(DAP(A), A, tau) == coordinate_mse(DAP(A), A, [0, 2, 3])
    assert tau_mse(DAP(A), A, 5) == coordinate_mse(DAP(A), A, [3])


NOT_LAWS = [None, "sphere", Sphere, 3, np.eye(2)]


@pytest.mark.parametrize("law", NOT_LAWS, ids=str)
def test_not_a_law(law):
    calls = [
        lambda: covariance_of_s_and_n(law, [1, 2]),
        lambda: total_mse(law, [1, 2]),
        lambda: directional_variance(law, [1, 2]),
        lambda: coordinate_mse(law, [1, 2], [0]),
        lambda: tau_mse(law, [1, 2], 1),
    ]
    for call in calls:
        with pytest.raises(InvalidArgument, match="law"):
            call()


@pytest.mark.parametrize(
    "a", [None, [0, 0], [1], [1, math.nan], "ab", [1e200, 1.0], [1e-200, 0.0]], ids=str
)
def test_bad_gradients(a):
    calls = [
        lambda: total_mse(Sphere(2), a),
        lambda: directional_variance(Sphere(2), a),
        lambda: coordinate_mse(Sphere(2), a, [0]),
        lambda: tau_mse(Sphere(2), a, 0),
    ]
    for call in calls:
        with pytest.raises(InvalidArgument, match="a = "):
            call()


@pytest.mark.parametrize(
    "chosen",
    [
        [],
        None,
        1,
        [2],
        [-1],
        [0, 0],
        [0.0],
        [True],
        ["0"],
        "01",
        [None],
        [[0]],
        np.array([0.0]),
        {0: 1, 5: 2},
    ],
    ids=str,
)
def test_bad_coordinates(chosen):
    with pytest.raises(InvalidArgument, match="coordinates"):
        coordinate_mse(Sphere(2), [1, 2], chosen)


def test_coordinates_of_any_kind():
    expected = coordinate_mse(Sphere(2), [1, 2], [0, 1])
    for chosen in ((0, 1), range(2), {0, 1}, np.array([0, 1]), iter([1, 0])):
        assert coordinate_mse(Sphere(2), [1, 2], chosen) == expected


@pytest.mark.parametrize(
    "tau", [2.1, 3, -1, -0.1, None, "1", True, math.nan, math.inf, 1j, sp.Symbol("t"), [1]], ids=str
)
def test_bad_thresholds(tau):
    with pytest.raises(InvalidArgument, match="threshold"):
        tau_mse(Sphere(2), [1, 2], tau)


def test_symbolic_gradient_has_no_threshold():
    with pytest.raises(InvalidArgument, match="coordinate_mse"):
        tau_mse(Sphere(2), sp.symbols("x y"), 1)


def test_batches():
    for batch in (0, -1, 1.5, "2", True):
        with pytest.raises(InvalidArgument, match="batch"):
            total_mse(Sphere(2), [1, 2], batch)
