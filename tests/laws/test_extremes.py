"""Entries, scales and probabilities far from one."""

import math
from fractions import Fraction as Q

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Alignment,
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
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces

A = np.array([1.0, -2.0, 0.5, 3.0])
E = np.array([2.0, 1.0, 0.0, 1.0])
LAWS = [
    lambda e: Gaussian(4),
    lambda e: Sphere(4),
    lambda e: Rademacher(4),
    lambda e: Coordinate(4),
    lambda e: RandomBlock(4, 2),
    lambda e: RandomBlock(4, 2, Coordinate),
    lambda e: ImportanceBlocks([1, 3], [0.3, 0.7]),
    lambda e: DAP(e),
    lambda e: DAP(e, complement="gaussian"),
    lambda e: TwoAtom(e, 0.3),
    lambda e: Guided(e, 0.3),
    lambda e: Mixture([DAP(e), Sphere(4)], [0.5, 0.5]),
    lambda e: Shells(Axis(e), [[0.5, 2.0], [1.5, 4.0]], [0.5, 0.5]),
    lambda e: Shells(Eigenspaces(np.eye(4), (1, 3)), [[0.5, 2.0], [1.5, 4.0]], [0.5, 0.5]),
    lambda e: Empirical(2 * np.concatenate([np.eye(4), -np.eye(4)])),
]
# Also the smallest and largest floats: a power of two apart from A, so that no digit differs.
FACTORS = [2.0**-660, 2.0**660, 2.0**1021, 2.0**-1070]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("make", LAWS)
def test_scale_free_quantities_ignore_the_length_of_vectors(make, factor):
    law, far = make(E), make(E * factor)
    for vector in (A * factor, list(A * factor)):
        assert far.dimension_factor(vector) == law.dimension_factor(A)
        assert far.directional_fourth_moment(vector) == law.directional_fourth_moment(A)
    assert np.array_equal(far.error_covariance(A), law.error_covariance(A))
    assert np.array_equal(far.sample(5, 0), law.sample(5, 0))


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("make", LAWS)
def test_covariances_that_leave_the_floats_are_refused(make, factor):
    with pytest.raises(InvalidArgument, match="pass a / "):
        make(E).error_covariance(A * factor)


@pytest.mark.parametrize("make", LAWS)
def test_exact_gradients_have_no_limit(make):
    huge = [10**400, -2 * 10**400, 5 * 10**399, 3 * 10**400]
    law = make(E)
    assert float(law.dimension_factor(huge)) == pytest.approx(float(law.dimension_factor(A)), rel=1e-12)
    assert float(law.directional_fourth_moment(huge)) == pytest.approx(
        float(law.directional_fourth_moment(A))
    )


def test_exact_covariances_of_huge_integers_are_exact():
    big = 10**30
    assert Sphere(2, Q(1, 3)).error_covariance([big, 0])[1, 1] == Q(big**2, 18)
    assert Rademacher(2).error_covariance([big, 1])[0, 1] == big
    assert Rademacher(2).error_covariance(np.array([2**62, 1]))[1, 1] == 2**124
    assert DAP([big, 1], 10**20).error_covariance([big, 1])[1, 1] == 10**40 * big**2
    assert Gaussian(2, 10**25).second_moment()[0, 0] == 10**25
    assert Gaussian(2).fourth_moment(np.array([[2**62, 0], [0, 2**62]]))[0, 0] == 2**64


@pytest.mark.parametrize("delta", [1e-40, 1e-30, 1e30, 1e40, Q(1, 10**40), 10**40])
@pytest.mark.parametrize(
    "name", ["gaussian", "sphere", "rademacher", "coordinate", "dap", "dapg", "two", "block"]
)
def test_scales_at_the_ends_of_the_range(name, delta):
    def make(scale):
        return {
            "gaussian": lambda: Gaussian(4, scale),
            "sphere": lambda: Sphere(4, scale),
            "rademacher": lambda: Rademacher(4, scale),
            "coordinate": lambda: Coordinate(4, scale),
            "dap": lambda: DAP(E, scale),
            "dapg": lambda: DAP(E, scale, "gaussian"),
            "two": lambda: TwoAtom(E, 0.25, scale),
            "block": lambda: RandomBlock(4, 4, Gaussian, scale),
        }[name]()

    law, unit = make(delta), make(1.0)
    assert float(law.dimension_factor(A)) == pytest.approx(unit.dimension_factor(A), rel=1e-12)
    for k in (1, 1.5, 2, 3):
        assert float(law.norm_moment(k)) == pytest.approx(
            unit.norm_moment(k) * float(delta) ** k, rel=1e-12
        )
    size = np.abs(law.sample(3, 0)).max() / math.sqrt(delta)
    assert 0.1 < size < 10
    expected = unit.error_covariance(A) * float(delta) ** 2
    got = law.error_covariance(A).astype(float)
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("delta", [1e-41, 1e41, 5e-324, 1e308, 10**400, Q(1, 10**400)])
def test_scales_beyond_the_range(delta):
    for make in (Gaussian, Sphere, Rademacher, Coordinate):
        with pytest.raises(InvalidArgument, match="rescale"):
            make(3, delta)


@pytest.mark.parametrize("p", [1e-40, 1e-20, 1e-9, 0.5, 1 - 1e-9, 1 - 2**-53])
def test_two_atom_probabilities_near_the_ends(p):
    law = TwoAtom(FirstAxis(3), p)
    for f in (0.0, 0.5, 1.0):
        expected = f / p + (1 - f) * 2 / (1 - p)
        assert law.dimension_factor(Alignment(math.sqrt(f))) == pytest.approx(expected, rel=1e-9)
    assert law.norm_moment(3) == pytest.approx(p**-2 + 8 / (1 - p) ** 2, rel=1e-12)
    assert np.all(np.isfinite(law.sample(100, 0)))


def test_no_cancellation_for_a_gradient_almost_along_the_direction():
    # The rest of the energy, 1e-20, is far below rounding, yet weighs 1 / (1 - p).
    p = 1 - 2**-50
    law = TwoAtom([1.0, 0.0, 0.0], p)
    expected = 1 / p + 1e-20 * 2 / 2**-50
    assert law.dimension_factor([1.0, 1e-10, 0.0]) == pytest.approx(expected, rel=1e-14)
    tilted = TwoAtom([1.0, 1.0, 0.0], p)
    got = tilted.dimension_factor([1.0, 1.0, 1e-7]) - 1 / p
    assert got == pytest.approx(0.5e-14 * 2 / 2**-50, rel=1e-6)
    rho = 1 - 1e-12
    exact = Q(rho) ** 2 / Q(p) + (1 - Q(rho) ** 2) * 2 / (1 - Q(p))
    assert law.dimension_factor(Alignment(rho)) == pytest.approx(float(exact), rel=1e-14)
    got = TwoAtom(FirstAxis(3), 0.5).directional_fourth_moment(Alignment(rho))
    assert got == pytest.approx(2 - 8e-12, abs=1e-13)  # rho^4 / p; the rest is of order 1e-23


@pytest.mark.parametrize("rho", [1e-30, 1e-12, 0.5, 1 - 1e-12, 1 - 2**-53])
@pytest.mark.parametrize("dim", [2, 3, 10**6])
def test_guides_of_extreme_alignment(dim, rho):
    law = Guided(FirstAxis(dim), rho)
    rest = math.sqrt((1 - rho) * (1 + rho) * (dim - 1))
    assert law.p == pytest.approx(rho / (rho + rest), rel=1e-14)
    assert law.dimension_factor(Alignment(rho)) == pytest.approx((rho + rest) ** 2, rel=1e-8)


def test_importance_of_almost_nothing():
    tiny = 1e-30
    law = ImportanceBlocks([1, 1], [tiny, 1.0])
    assert law.norm_bound() == pytest.approx(1e15 + 1)
    a = [math.sqrt(tiny), 1.0]
    assert law.dimension_factor(a) == pytest.approx((math.sqrt(tiny) + 1) ** 2, rel=1e-12)


def test_exact_results_where_roots_are_rational():
    law = Guided([1, 0], Q(3, 5))
    assert law.p == Q(3, 7)
    assert law.dimension_factor([3, 4]) == Q(49, 25)
    blocks = ImportanceBlocks([1, 1], [Q(9, 25), Q(16, 25)])
    assert blocks.probabilities == (Q(3, 7), Q(4, 7))
    assert blocks.dimension_factor([3, 4]) == Q(49, 25)
    assert Sphere(4, Q(9, 4)).norm_moment(Q(3, 2)) == 27


def test_dimension_limit():
    assert Sphere(2**53).dimension_factor() == 2**53
    with pytest.raises(InvalidArgument, match="dim"):
        Sphere(2**53 + 1)


def test_shell_energies_keep_their_integers():
    law = Shells(Contiguous((1, 1)), np.array([[10**10, 10**10]]), [1])
    assert law.norm_moment(3) == 8 * 10**30


@pytest.mark.parametrize("make", LAWS)
def test_tiny_exact_gradients(make):
    law = make(E)
    tiny = [Q(int(2 * x), 2 * 10**400) for x in A]
    assert float(law.dimension_factor(tiny)) == pytest.approx(float(law.dimension_factor(A)), rel=1e-12)
    assert float(law.directional_fourth_moment(tiny)) == pytest.approx(
        float(law.directional_fourth_moment(A))
    )
    with pytest.raises(InvalidArgument, match="pass a / "):
        law.error_covariance(tiny)


def test_matrices_beyond_the_range():
    for entry in (1e150, 10**400):
        with pytest.raises(InvalidArgument, match="linear"):
            Sphere(2, 0.5).fourth_moment(np.array([[entry, 0], [0, 1]], dtype=object))
