"""Scalars outside their range: always InvalidArgument, with the argument's name and a remedy."""

import decimal
import math
from fractions import Fraction as Q

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
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Contiguous, Whole

BELOW = sp.Symbol("x", negative=True)
NOT_NUMBERS = [
    *(
        None,
        True,
        False,
        np.True_,
        "1",
        "abc",
        b"1",
        1j,
        1 + 0j,
        [],
        [1.0],
        {},
        {1},
        object(),
        int,
        sp.Symbol,
    ),
    *(np.array([1.0]), np.float32("nan"), np.complex128(1), decimal.Decimal("0.5")),
    *(float("nan"), math.inf, -math.inf, sp.nan, sp.oo, -sp.oo, sp.zoo, sp.I, 2 * sp.I, sp.true),
    *(sp.Symbol("x") > 0, sp.Matrix([sp.Symbol("x")]), sp.Symbol("x", imaginary=True)),
]
NOT_POSITIVE = [0, 0.0, -0.0, -1, -1.5, Q(-1, 2), np.int64(0), np.float32(-1), sp.Integer(-2), BELOW]
NOT_INSIDE = [0, 1, 0.0, 1.0, -0.1, 1.1, 2, Q(3, 2), sp.Integer(1), BELOW, 5e-324, Q(1, 10**400)]
NOT_DIMS = [0, -1, 1.0, 2.5, np.float64(3), Q(3), Q(5, 2), sp.Rational(1, 2), BELOW, 10**400]
NOT_DIMS.append(sp.Symbol("x", positive=True, integer=False))

SCALED = [
    lambda delta: Gaussian(2, delta),
    lambda delta: Sphere(2, delta),
    lambda delta: Rademacher(2, delta),
    lambda delta: Coordinate(2, delta),
    lambda delta: OrthonormalFrame(2, 1, delta),
    lambda delta: DAP([1, 2], delta),
    lambda delta: TwoAtom([1, 2], 0.5, delta),
    lambda delta: Guided([1, 2], 0.5, delta),
    lambda delta: RandomBlock(2, 1, delta=delta),
    lambda delta: ImportanceBlocks([1, 1], [0.5, 0.5], delta),
]


def kind(value):
    return type(value).__name__


@pytest.mark.parametrize("delta", NOT_NUMBERS + NOT_POSITIVE, ids=kind)
def test_delta(refused, delta):
    for make in SCALED:
        refused("delta", make, delta)


@pytest.mark.parametrize("dim", NOT_NUMBERS + NOT_DIMS, ids=kind)
def test_dim(refused, dim):
    for make in (Gaussian, Sphere, Rademacher, Coordinate, OrthonormalFrame, FirstAxis):
        refused("dim", make, dim)
    refused("dim", RandomBlock, dim, 1)
    refused("block_size", RandomBlock, 4, dim)
    refused("size", Whole, dim)
    refused("sizes", Contiguous, (1, dim))
    refused("sizes", ImportanceBlocks, [1, dim], [0.5, 0.5])


@pytest.mark.parametrize("value", NOT_NUMBERS + NOT_INSIDE, ids=kind)
def test_probability_and_alignment(refused, value):
    refused("p", TwoAtom, [1, 2], value)
    refused("alignment", Guided, [1, 2], value)


@pytest.mark.parametrize("value", [*NOT_NUMBERS, -0.1, 1.1, 2, Q(3, 2), BELOW], ids=kind)
def test_alignment_of_a_gradient(refused, value):
    refused("rho", Alignment, value)


def test_ends_are_alignments_of_a_gradient():
    assert TwoAtom([1, 0], Q(1, 2)).dimension_factor(Alignment(1)) == 2
    assert TwoAtom([1, 0, 0], Q(1, 2)).dimension_factor(Alignment(0)) == 4


@pytest.mark.parametrize(
    "k", [*NOT_NUMBERS, 0, 4, -1, 0.5, 1.4999, Q(1, 2), sp.Symbol("k"), sp.pi], ids=kind
)
def test_norm_moment_orders(refused, planar, k):
    for law in planar.values():
        refused("k", law.norm_moment, k)


@pytest.mark.parametrize(
    "k", [1, 1.0, np.int8(1), Q(3, 2), 1.5, sp.Rational(3, 2), np.float32(2), sp.Integer(3)]
)
def test_norm_moment_orders_of_any_type(planar, k):
    assert float(planar["sphere"].norm_moment(k)) == pytest.approx(2 ** float(k))


@pytest.mark.parametrize("n", [*NOT_NUMBERS, 0, -1, 1.0, np.float64(2), sp.Symbol("n")], ids=kind)
def test_sample_sizes_and_batches(refused, planar, n):
    for name, law in planar.items():
        refused("n", law.sample, n, 0)
        if name != "frame":
            refused("batch", law.batch_error_covariance, [1, 2], n)
            if n is not None:
                refused("batch", law.batch_mse_factor, [1, 2], n)


@pytest.mark.parametrize(
    "rng", [None, -1, 1.5, True, "0", np.random, np.random.RandomState(0), [1, 2]], ids=kind
)
def test_generators(refused, planar, rng):
    for law in planar.values():
        refused("rng", law.sample, 2, rng)


@pytest.mark.parametrize("complement", [None, "Sphere", "", 1, ["sphere"], {}, True])
def test_complement(refused, complement):
    refused("complement", DAP, [1, 2], 1, complement)


@pytest.mark.parametrize("size", [3, 4, 6])
def test_block_size_that_does_not_divide(refused, size):
    refused("block_size", RandomBlock, 5, size)


def test_symbolic_dimensions_have_no_matrices_or_samples(refused):
    d = sp.Symbol("d", positive=True)
    half = Q(1, 2)
    for law in (
        Gaussian(d),
        Sphere(d),
        Rademacher(d),
        Coordinate(d),
        DAP(FirstAxis(d)),
        TwoAtom(FirstAxis(d), half),
    ):
        refused("dim", law.second_moment)
        refused("dim", law.fourth_moment, np.eye(2))
        refused("dim", law.weighted_norm_moment, np.eye(2))
        refused("dim", law.sample, 1, 0)
        refused("dim", law.error_covariance, [1, 2])


def test_a_moment_without_a_closed_form_needs_numbers(refused):
    d = sp.Symbol("d", positive=True)
    refused("k", DAP(FirstAxis(d), complement="gaussian").norm_moment, 1.5)
    refused("k", DAP([1, 2], d, "gaussian").norm_moment, Q(3, 2))


def test_accepted_number_types_are_taken_as_python_s_own():
    for one in (
        1,
        1.0,
        np.float32(1),
        np.float16(1),
        np.int8(1),
        np.uint64(1),
        Q(1),
        sp.Integer(1),
        sp.Float(1),
    ):
        assert Sphere(3, one).delta - 1 == 0
        assert not isinstance(Sphere(3, one).delta, np.generic)
    for three in (np.int8(3), np.uint64(3), sp.Integer(3)):
        assert type(Sphere(three).dim) is int
    law = Sphere(np.int8(100), np.float32(0.5))
    assert law.norm_moment(3) == 50**3  # neither an int8 nor a float32 any more
    law = TwoAtom(np.array([1, 0], dtype=np.int8), np.float32(0.5))
    assert law.dimension_factor(np.array([100, 0], dtype=np.int8)) == 2
    law = DAP(np.array([3, 4], dtype=np.float32))
    assert law.dimension_factor([1, 2]) == pytest.approx(2, rel=1e-15)
