"""Random masks: against blocks, the laws at both ends, closed forms, samples and bad arguments."""

import itertools
import math
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    Coordinate,
    Gaussian,
    Rademacher,
    RandomBlock,
    SparseMask,
    Sphere,
    require_unbiased,
)

INNER = ("sphere", "gaussian", "rademacher")
CLASSES = {"sphere": Sphere, "gaussian": Gaussian, "rademacher": Rademacher}
A = [3, -1, Q(1, 2), 2]
B = np.array([[2, 1, 0, 0], [1, -1, 3, 0], [0, 3, 0, Q(1, 2)], [0, 0, Q(1, 2), 5]], dtype=object)


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("support", [1, 2])
def test_a_mask_is_a_block_after_a_random_permutation(inner, support):
    # The average over all 24 relabellings of the coordinates of the block law's T4.
    block = RandomBlock(4, support, CLASSES[inner], Q(3, 2))
    total = np.zeros((4, 4), dtype=object)
    for order in itertools.permutations(range(4)):
        p = np.eye(4, dtype=int)[list(order)]
        total = total + p.T @ block.fourth_moment(p @ B @ p.T) @ p
    assert np.all(SparseMask(4, support, inner, Q(3, 2)).fourth_moment(B) == total * Q(1, 24))


@pytest.mark.parametrize("inner", INNER)
def test_the_whole_support_is_the_inner_law(inner):
    mask, law = SparseMask(4, 4, inner, 3), CLASSES[inner](4, 3)
    assert np.all(mask.fourth_moment(B) == law.fourth_moment(B))
    assert mask.dimension_factor(A) == law.dimension_factor(A)
    assert mask.norm_moment(3) == law.norm_moment(3)
    assert mask.norm_bound() == law.norm_bound()


@pytest.mark.parametrize("inner", ["sphere", "rademacher"])
def test_a_support_of_one_is_a_random_coordinate(inner):
    mask, law = SparseMask(4, 1, inner, 3), Coordinate(4, 3)
    assert np.all(mask.fourth_moment(B) == law.fourth_moment(B))
    assert np.all(mask.error_covariance(A) == law.error_covariance(A))


def test_closed_forms():
    d, m, delta = sp.symbols("d m delta", positive=True)
    factors = {"sphere": d, "rademacher": d, "gaussian": d * (m + 2) / m}
    for inner, nu in factors.items():
        law = SparseMask(d, m, inner, delta)
        require_unbiased(law)
        assert sp.simplify(law.dimension_factor() - nu) == 0
        # E[n^2] = nu delta^2 d for every exchangeable law: sum E[v_i^2 n] is d times one of them.
        assert sp.simplify(law.norm_moment(2) - nu * delta**2 * d) == 0


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.data(), st.integers(1, 7), st.sampled_from(INNER), st.floats(0.01, 100))
def test_contract(data, dim, inner, delta):
    law = SparseMask(dim, data.draw(st.integers(1, dim)), inner, delta)
    a = np.linspace(-1, 2, dim) + 0.01
    require_unbiased(law)
    covariance, square = law.error_covariance(a), a @ a
    scale = delta**2 * square * dim
    assert np.trace(covariance) == pytest.approx(
        (law.dimension_factor(a) - 1) * delta**2 * square, abs=1e-9 * scale
    )
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-9 * scale * dim
    assert a @ law.fourth_moment(np.outer(a, a)) @ a == pytest.approx(
        law.directional_fourth_moment(a) * square**2
    )
    assert law.norm_moment(1) == pytest.approx(delta * dim)


@pytest.mark.parametrize("inner", INNER)
def test_samples(inner):
    # 40000 draws; P(|z| > 6.5) < 1e-10 for each of the twelve comparisons.
    law, n = SparseMask(5, 3, inner, 0.4), 40_000
    v = law.sample(n, 7)
    assert np.array_equal(v, law.sample(n, 7))
    assert np.all((v != 0).sum(axis=1) == 3)
    a = np.array([1.0, -2.0, 0.5, 0.0, 1.0])
    s, length = (v @ a) ** 2 / (a @ a), (v**2).sum(axis=1)
    pairs = [
        (s * length, law.dimension_factor() * 0.16),
        (s * s, law.directional_fourth_moment(a)),
        (v[:, 0] * v[:, 4], 0.0),
        ((v[:, 1] != 0) * (v[:, 2] != 0) * 1.0, 3 * 2 / (5 * 4)),
    ]
    for values, expected in pairs:
        assert abs(values.mean() - expected) < 6.5 * values.std() / math.sqrt(n)


def test_many_dimensions():
    v = SparseMask(10**5, 7, "rademacher").sample(3, 0)
    assert np.all((v != 0).sum(axis=1) == 7)
    np.testing.assert_allclose((v**2).sum(axis=1), 1e5)


@pytest.mark.parametrize("support", [0, 5, -1, 1.5, True, "2", None, Q(3)])
def test_bad_supports(refused, support):
    refused("support", SparseMask, 4, support)


def test_in_one_dimension_the_support_is_one(refused):
    for inner in INNER:
        refused("support", SparseMask, 1, sp.Symbol("m", integer=True, positive=True), inner)
        law = SparseMask(1, 1, inner)
        assert law.dimension_factor() == CLASSES[inner](1).dimension_factor()
        # A symbol is fine where it can vary.
        m = sp.Symbol("m", positive=True)
        assert (
            SparseMask(2, m, inner).dimension_factor().subs(m, 1)
            == SparseMask(2, 1, inner).dimension_factor()
        )


@pytest.mark.parametrize("inner", ["coordinate", "", None, 3, Sphere, ["sphere"]])
def test_bad_inner_laws(refused, inner):
    refused("inner", SparseMask, 4, 2, inner)


@pytest.mark.parametrize("delta", [0, -1, math.nan, math.inf, "1", None])
def test_bad_scales(refused, delta):
    refused("delta", SparseMask, 4, 2, "sphere", delta)


def test_a_scale_that_the_inner_law_refuses(refused):
    refused("delta", SparseMask, 4, 2, "sphere", 1e40)


def test_bad_dimensions_and_gradients(refused):
    refused("dim", SparseMask, 0, 1)
    refused("a", SparseMask(4, 2).dimension_factor, [1, 2])
    refused("a", SparseMask(4, 2).error_covariance, [0, 0, 0, 0])
    refused("n", SparseMask(4, 2).sample, 0, 1)
    with pytest.raises(InvalidArgument, match="dim"):
        SparseMask(sp.Symbol("d", positive=True), 2).sample(1, 0)
