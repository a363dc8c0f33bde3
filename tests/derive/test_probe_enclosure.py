from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.derive import probe_enclosure
from zotheory.derive.probe_enclosure import alignment_bounds, alignment_enclosure
from zotheory.errors import InvalidArgument, SolverFailure

GRID = [(d, k) for d in (3, 4, 5, 10, 30, 100, 1000) for k in (3, 4, 5, 7, 10, 30, 100)]


def simulated(dim, probes, size, seed):
    """Mean and standard error of rho^2."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((size, probes, dim))
    u /= np.linalg.norm(u, axis=2, keepdims=True)
    total = (u * u[:, :, :1]).sum(axis=1)
    rho2 = total[:, 0] ** 2 / (total**2).sum(axis=1)
    return rho2.mean(), rho2.std() / np.sqrt(size)


@pytest.mark.parametrize(
    ("dim", "probes", "exact"),
    [(3, 1, Fraction(1, 3)), (40, 1, Fraction(1, 40))]
    + [(d, 2, Fraction(2 * d - 1, d**2)) for d in (3, 4, 9, 100, 600)],
)
def test_bounds_enclose_exact_values_and_tighten(dim, probes, exact):
    enclosures = [alignment_bounds(dim, probes, degree) for degree in range(5)]
    lows, highs = zip(*enclosures, strict=True)
    assert list(lows) == sorted(lows)
    assert list(highs) == sorted(highs, reverse=True)
    for low, high in enclosures:
        assert low <= exact <= high
    assert highs[-1] - lows[-1] < Fraction(1, 100) * exact


def test_degree_zero_is_the_ratio_of_two_means():
    # f constant: (E S)^2/E[S T] with E S = k/d and E[S T] = E|G|^2 = k/d + k (k-1)/d^2.
    dim, probes = 6, 4
    low, _ = alignment_bounds(dim, probes, 0)
    exact = Fraction(probes, dim) ** 2 / (Fraction(probes, dim) + Fraction(probes * (probes - 1), dim**2))
    assert low <= exact
    assert float(low) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize(("dim", "probes"), [(3, 3), (4, 3), (3, 5), (10, 4), (30, 7), (100, 30)])
def test_enclosures_agree_with_a_simulation(dim, probes):
    low, high = alignment_enclosure(dim, probes)
    mean, error = simulated(dim, probes, 6_000_000 // (dim * probes), 3)
    assert low - 5 * error <= mean <= high + 5 * error
    assert 0 < high - low <= low / 1000


def test_three_probes_in_space_by_quadrature():
    # t uniform on (0, 1) by symmetry, and two angles between the components across: five dimensions.
    def value(size):
        nodes, weights = np.polynomial.legendre.leggauss(size)
        t, w = (nodes + 1) / 2, weights / 2
        angle = (np.arange(size) + 0.5) * 2 * np.pi / size
        x, y, z, p, q = np.meshgrid(t, t, t, angle, angle, indexing="ij", sparse=True)
        along = x**2 + y**2 + z**2
        a, b, c = (s * np.sqrt(1 - s**2) for s in (x, y, z))
        real, imaginary = a + b * np.cos(p) + c * np.cos(q), b * np.sin(p) + c * np.sin(q)
        rho2 = along**2 / (along**2 + real**2 + imaginary**2)
        return np.einsum("i,j,k,ijkpq->", w, w, w, rho2) / size**2

    fine, coarse = value(18), value(12)
    low, high = alignment_enclosure(3, 3, Fraction(1, 10**4))
    assert abs(fine - coarse) < 1e-3
    assert low - abs(fine - coarse) <= fine <= high + abs(fine - coarse)


@pytest.mark.parametrize(("dim", "probes", "degree"), [(3, 10, 8), (3, 30, 15), (4, 15, 12)])
def test_the_gap_is_below_its_closed_bound(dim, probes, degree):
    low, high = alignment_bounds(dim, probes, degree)
    closed = ((dim - 1) * probes / (4 * degree + 4)) ** (probes / 2)
    assert closed < 1
    assert high - low <= closed


@pytest.mark.parametrize("width", [Fraction(1, 10), 1e-3, Fraction(1, 10**6)])
def test_the_width_asked_for_is_met_and_narrower_is_inside_reach(width):
    low, high = alignment_enclosure(20, 10, width)
    assert high - low <= Fraction(width) * low
    wide = alignment_enclosure(20, 10, Fraction(1, 4))
    assert wide[0] <= high
    assert low <= wide[1]


def test_exact_values_where_they_are_known():
    assert alignment_enclosure(7, 1) == (Fraction(1, 7),) * 2
    assert alignment_enclosure(7, 2) == (Fraction(13, 49),) * 2
    assert alignment_enclosure(2, 9) == (Fraction(17, 18),) * 2


@pytest.mark.parametrize(("dim", "probes"), [(3, 10**6), (10**5, 3), (4000, 4000)])
def test_large_arguments(dim, probes):
    low, high = alignment_enclosure(dim, probes)
    # Between the Gaussian probes' mean and one: both are close to k/(k+d) here.
    assert Fraction(probes, probes + dim - 1) <= high
    assert low <= Fraction(probes, probes + dim - 1) * Fraction(101, 100)
    assert 0 < high - low <= low / 1000


def test_a_width_out_of_reach_is_an_error_that_says_what_was_reached(monkeypatch):
    monkeypatch.setattr(probe_enclosure, "_DEGREES", (0, 1))
    with pytest.raises(SolverFailure, match=r"degree 1 reach a relative width of 0\.03.*allow a larger"):
        alignment_enclosure(3, 3)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((1, 3), "dim"),
        ((3.0, 3), "dim"),
        ((3, 0), "probes"),
        ((3, True), "probes"),
        ((3, 3, 0), "relative_width"),
        ((3, 3, 1), "relative_width"),
        ((3, 3, "small"), "relative_width"),
        ((3, 3, sp.Symbol("w", positive=True)), "relative_width"),
    ],
)
def test_impossible_arguments_are_refused(arguments, name):
    with pytest.raises(InvalidArgument, match=name):
        alignment_enclosure(*arguments)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((2, 3, 1), "dim"), ((10**6 + 1, 3, 1), "dim"), ((3, 0, 1), "probes"), ((3, 3, -1), "degree")],
)
def test_impossible_arguments_of_the_bounds_are_refused(arguments, name):
    with pytest.raises(InvalidArgument, match=name):
        alignment_bounds(*arguments)


@pytest.mark.slow
@pytest.mark.parametrize(("dim", "probes"), GRID)
def test_the_grid_is_within_a_thousandth(dim, probes):
    low, high = alignment_enclosure(dim, probes)
    assert 0 < high - low <= low / 1000
    mean, error = simulated(dim, probes, max(1000, 3_000_000 // (dim * probes)), 5)
    assert low - 5 * error <= mean <= high + 5 * error
