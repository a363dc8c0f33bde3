"""Low-rank laws: closed forms, symmetries, moments by other integrals, samples and bad arguments."""

import itertools
import math
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.errors import InvalidArgument
from zotheory.laws import Gaussian, LowRank, Sphere, require_unbiased

FACTORS = ("sphere", "gaussian")
p, q, r, delta = sp.symbols("p q r delta", positive=True)


def test_closed_forms():
    factors = {"gaussian": p * q + 2 + (2 * p + 2 * q + 2) / r, "sphere": p * q + 2 - 2 / r}
    for kind, nu in factors.items():
        law = LowRank(p, q, r, kind, delta)
        require_unbiased(law)
        assert sp.simplify(law.dimension_factor() - nu) == 0
    assert sp.factor(LowRank(p, q, 1, "gaussian").dimension_factor() - (p + 2) * (q + 2)) == 0
    assert sp.simplify(LowRank(p, q).norm_moment(3) - (p * q) ** 3) == 0


@pytest.mark.parametrize("kind", FACTORS)
def test_one_column_is_a_mixture_over_the_scalars(kind):
    # q = 1, r = 1: u times a sign, or times an independent normal number: T4 has the factor 1 or 3.
    b = np.array([[2, 1, 0], [1, -1, 3], [0, 3, Q(1, 2)]], dtype=object)
    base, factor = (Sphere(3, 2), 1) if kind == "sphere" else (Gaussian(3, 2), 3)
    assert np.all(LowRank(3, 1, 1, kind, 2).fourth_moment(b) == factor * base.fourth_moment(b))
    assert np.all(LowRank(1, 3, 1, kind, 2).fourth_moment(b) == factor * base.fourth_moment(b))


@pytest.mark.parametrize("kind", FACTORS)
def test_large_rank_tends_to_the_gaussian(kind):
    a = [1, 2, -1, 0, 3, 1]
    limit = [sp.limit(x, r, sp.oo) for x in LowRank(2, 3, r, kind).error_covariance(a).flat]
    assert limit == [sp.Integer(int(x)) for x in Gaussian(6).error_covariance(a).flat]


@pytest.mark.parametrize("kind", FACTORS)
def test_transposition_exchanges_rows_and_columns(kind):
    a = np.arange(1, 7).reshape(2, 3)
    flip = np.arange(6).reshape(2, 3).T.ravel()
    wide, tall = LowRank(2, 3, 2, kind), LowRank(3, 2, 2, kind)
    covariance = wide.error_covariance(a.ravel())[np.ix_(flip, flip)]
    assert np.all(tall.error_covariance(a.T.ravel()) == covariance)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.sampled_from(FACTORS),
    st.floats(0.01, 100),
    st.integers(0, 99),
)
def test_contract(rows, columns, rank, kind, scale, seed):
    law, rng = LowRank(rows, columns, rank, kind, scale), np.random.default_rng(seed)
    dim, a = law.dim, rng.standard_normal(law.dim)
    b = rng.standard_normal((dim, dim))
    b, square = b + b.T, a @ a
    require_unbiased(law)
    nu, t4 = law.dimension_factor(a), law.fourth_moment(np.outer(a, a))
    assert np.trace(t4) == pytest.approx(nu * scale**2 * square)
    assert a @ law.fourth_moment(np.eye(dim)) @ a == pytest.approx(nu * scale**2 * square)
    assert a @ t4 @ a == pytest.approx(law.directional_fourth_moment(a) * square**2)
    assert (law.fourth_moment(b) * np.outer(a, a)).sum() == pytest.approx(
        (t4 * b).sum(), abs=1e-9 * scale**2 * square * np.abs(b).sum()
    )
    assert np.trace(law.fourth_moment(b)) == pytest.approx(
        law.weighted_norm_moment(b), abs=1e-9 * scale**2 * dim * np.abs(b).sum()
    )
    covariance = law.error_covariance(a)
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-9 * nu * scale**2 * square
    # Rotating rows and columns moves the covariance along.
    left, _ = np.linalg.qr(rng.standard_normal((rows, rows)))
    right, _ = np.linalg.qr(rng.standard_normal((columns, columns)))
    turn = np.kron(left, right)
    np.testing.assert_allclose(
        law.error_covariance(turn @ a),
        turn @ covariance @ turn.T,
        atol=1e-9 * nu * scale**2 * square,
    )
    means = [law.norm_moment(1), law.norm_moment(2) ** 0.5, law.norm_moment(3) ** (1 / 3), law.norm_bound()]
    assert all(x <= y * (1 + 1e-12) for x, y in itertools.pairwise(means))


def test_fourth_moment_by_pairings_of_gaussian_entries():
    """Every entry of T4[B] from Isserlis' sum over pairings, u and w with covariance I, rank two."""
    rows, columns, rank = 2, 2, 2
    index = list(itertools.product(range(rows), range(columns)))

    def paired(i):
        return sum(
            i[x] == i[y] and i[z] == i[w] for x, y, z, w in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
        )

    def moment(entries):
        total = 0
        for terms in itertools.product(range(rank), repeat=4):
            value = 1
            for side in (0, 1):
                # Factors of different products are independent: pairs must agree in the product too.
                labels = [(terms[k], entries[k][side]) for k in range(4)]
                value *= paired(labels)
            total += value
        return Q(total, rank**2)

    b = np.array([[2, 1, 0, 1], [1, -1, 3, 0], [0, 3, 0, -2], [1, 0, -2, 5]], dtype=object)
    expected = [
        [
            sum(moment((i, j, k, m)) * b[x, y] for x, k in enumerate(index) for y, m in enumerate(index))
            for j in index
        ]
        for i in index
    ]
    assert np.all(LowRank(rows, columns, rank, "gaussian").fourth_moment(b) == np.array(expected))


@pytest.mark.parametrize(("rows", "columns", "rank"), [(1, 1, 2), (2, 3, 2), (3, 2, 3)])
@pytest.mark.parametrize("kind", FACTORS)
def test_norm_moments_by_simulation(rows, columns, rank, kind):
    # 200000 draws, three comparisons a case, P(|z| > 6.5) < 1e-10 for a normal mean.
    law, n = LowRank(rows, columns, rank, kind, 0.5), 200_000
    length = (law.sample(n, 3) ** 2).sum(axis=1)
    for k in (1, 2, 3):
        values = length**k
        assert abs(values.mean() - float(law.norm_moment(k))) < 6.5 * values.std() / math.sqrt(n)


def test_third_norm_moment_of_two_normal_numbers():
    # p = q = 1, r = 2: n = (x1 y1 + x2 y2)^2 / 2, and E[(x.y)^6] = 15 E|x|^6 = 15 * 48 by conditioning.
    assert LowRank(1, 1, 2, "gaussian").norm_moment(3) == Q(15 * 48, 8)
    # p = 1: u is a normal row, so v given |u|^2 is normal: E n^3 = E|u|^6 E|w|^6 / r^3, |u|^2 chi-squared.
    assert LowRank(1, 3, 2, "gaussian").norm_moment(3) == Q((2 * 4 * 6) * (3 * 5 * 7), 8)


def test_norm_moment_three_halves():
    rank_one = LowRank(2, 3, 1, "gaussian", 0.7).norm_moment(1.5)
    lengths = np.linspace(0, 14, 400_001)[1:]
    cubes = [
        (lengths**3 * lengths ** (m - 1) * np.exp(-(lengths**2) / 2)).sum()
        / (lengths ** (m - 1) * np.exp(-(lengths**2) / 2)).sum()
        for m in (2, 3)
    ]
    assert rank_one == pytest.approx(0.7**1.5 * cubes[0] * cubes[1], rel=1e-6)
    for kind in FACTORS:
        with pytest.raises(InvalidArgument, match=r"1, 2 or 3 for a rank above one"):
            LowRank(2, 3, 2, kind).norm_moment(1.5)


@pytest.mark.parametrize("kind", FACTORS)
@pytest.mark.parametrize("rank", [1, 3])
def test_samples(kind, rank):
    # 40000 draws, four comparisons a case, P(|z| > 6.5) < 1e-10 for a normal mean.
    law, n = LowRank(2, 3, rank, kind, 0.4), 40_000
    v = law.sample(n, 7)
    assert np.array_equal(v, law.sample(n, 7))
    ranks = np.linalg.matrix_rank(v[:50].reshape(50, 2, 3))
    assert np.all(ranks == min(rank, 2))
    a = np.array([1.0, -2.0, 0.5, 0.0, 1.0, 1.0])
    s, length = (v @ a) ** 2 / (a @ a), (v**2).sum(axis=1)
    pairs = [
        (s * length, law.dimension_factor() * 0.16),
        (s * s, law.directional_fourth_moment(a)),
        (v[:, 0] * v[:, 4], 0.0),
        (v[:, 1] * v[:, 2] * v[:, 4] * v[:, 5], law.fourth_moment(unit_pair(4, 5))[1, 2]),
    ]
    for values, expected in pairs:
        assert abs(values.mean() - float(expected)) < 6.5 * values.std() / math.sqrt(n)
    assert length.max() <= law.norm_bound() * (1 + 1e-12)


def unit_pair(i, j):
    """Return B with v^T B v = v_i v_j."""
    b = np.zeros((6, 6))
    b[i, j] = b[j, i] = 0.5
    return b


def test_the_bound_of_fixed_factors_is_approached():
    # r = 3 in one row and one column: all signs agree with probability 1/4.
    assert (LowRank(1, 1, 3).sample(200, 1) ** 2).max() == pytest.approx(LowRank(1, 1, 3).norm_bound())


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2", None, Q(3)])
def test_bad_sizes(refused, size):
    refused("rows", LowRank, size, 2)
    refused("columns", LowRank, 2, size)
    refused("rank", LowRank, 2, 2, size)


def test_bad_arguments(refused):
    refused("factors", LowRank, 2, 2, 1, "rademacher")
    refused("factors", LowRank, 2, 2, 1, None)
    refused("delta", LowRank, 2, 2, 1, "sphere", 0)
    refused("rows * columns", LowRank, 2**30, 2**30)
    refused("a", LowRank(2, 2).dimension_factor, [1, 2])
    refused("matrix", LowRank(2, 2).fourth_moment, np.eye(3))
    refused("k", LowRank(2, 2, 2).norm_moment, 4)
    with pytest.raises(InvalidArgument, match="dim"):
        LowRank(p, 2).sample(1, 0)
    with pytest.raises(InvalidArgument, match="delta"):
        LowRank(2, 2, delta=delta).sample(1, 0)
