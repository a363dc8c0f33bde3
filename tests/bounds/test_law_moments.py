import math
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds import LawMoments
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Sphere,
    TwoAtom,
)

SKEWED = Empirical([[F(3, 5) * 2, F(4, 5) * 2], [-F(3, 5) * 2, -F(4, 5) * 2], [F(4, 5), -F(3, 5)],
                    [-F(4, 5), F(3, 5)]], [F(1, 10), F(1, 10), F(2, 5), F(2, 5)])  # fmt: skip
LAWS = [
    Gaussian(3),
    Sphere(4, 2),
    Rademacher(3),
    Coordinate(5, F(1, 2)),
    TwoAtom([3, 4, 0], F(1, 5)),
    Guided([1, 2, 2], 0.6),
    ImportanceBlocks([3, 1], [0.5, 0.5]),
    DAP([1, 1, 0], complement="gaussian"),
    RandomBlock(4, 2, Gaussian),
    Mixture([Sphere(3), TwoAtom([0, 1, 1], F(1, 3))], [F(1, 4), F(3, 4)]),
    SKEWED,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_v_is_the_largest_over_all_directions(law):
    # Against V along many directions, and along the best eigenvector found by the power method on samples.
    rng = np.random.default_rng(5)
    found = float(LawMoments.of(law).V)
    square = float(law.delta) ** 2
    values = [square * float(law.dimension_factor(u)) for u in rng.standard_normal((500, law.dim))]
    values += [square * float(law.dimension_factor(u)) for u in np.eye(law.dim)]
    assert max(values) <= found * (1 + 1e-9)
    v = law.sample(200_000, rng)
    matrix = np.einsum("n,ni,nj->ij", (v**2).sum(axis=1), v, v) / len(v)
    assert found == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=0.03)


def test_v_along_a_direction_is_the_one_that_was_asked_for():
    axis = [1, 0, 0, 0]
    aligned = LawMoments.of(TwoAtom(axis, F(2, 5)), direction=axis)
    worst = LawMoments.of(TwoAtom(axis, F(2, 5)))
    # delta^2 / p along the axis, delta^2 (d - 1)/(1 - p) across it.
    found = [aligned.V, worst.V]
    assert found == [F(5, 2), F(5)]
    assert [aligned.every_direction, worst.every_direction] == [False, True]


@pytest.mark.parametrize("batch", [2, 3])
def test_a_batch_by_enumeration(batch):
    # E|mean of v v^T a|^2 / |a|^2 over all tuples of signs.
    signs, a = list(product((1, -1), repeat=2)), (F(1), F(0))
    total = F(0)
    for draws in product(signs, repeat=batch):
        mean = [sum(F(v[0] * v[i]) for v in draws) / batch for i in range(2)]
        total += (mean[0] ** 2 + mean[1] ** 2) * a[0] / len(signs) ** batch
    found = LawMoments.of(Rademacher(2), batch=batch).V
    assert found == total


def test_a_frame_is_taken_whole_and_a_full_one_has_no_variance():
    assert LawMoments.of(OrthonormalFrame(4, 4, 3)).V == 9
    assert LawMoments.of(OrthonormalFrame(4, 4, 3)).batch == 4
    # k frames of b0: delta^2 (1 + (d/b0 - 1)/k).
    three = LawMoments.of(OrthonormalFrame(6, 2), batch=6).V
    assert three == 1 + F(2, 3)


def test_the_bias_bound_exceeds_the_moment_itself():
    # E[sqrt(s) n]^2, exactly, along the worst of many directions.
    rng = np.random.default_rng(2)
    for law in LAWS:
        v = law.sample(20_000, rng)
        n = (v**2).sum(axis=1)
        units = rng.standard_normal((20, law.dim))
        units /= np.linalg.norm(units, axis=1)[:, None]
        largest = max((np.abs(v @ u) * n).mean() for u in units)
        assert largest**2 <= float(LawMoments.of(law).bias_square) * 1.05
    # At fixed length it is d times below E[n^(3/2)]^2.
    assert LawMoments.of(Sphere(9, 2)).bias_square == F(18**3, 9)
    # A heavy tail: E[n^(3/2)]^2 is the smaller one.
    heavy = LawMoments(delta=1, V=50, m3=2, m4=10_000, m6=10**12)
    assert heavy.bias_square == 4


def test_symbolic_dimension():
    d, delta = sp.symbols("d delta", positive=True)
    d = sp.Symbol("d", positive=True, integer=True)
    moments = LawMoments.of(Gaussian(d, delta))
    assert sp.expand(moments.V - delta**2 * (d + 2)) == 0
    assert sp.expand(moments.m6 - delta**3 * d * (d + 2) * (d + 4)) == 0
    assert LawMoments.of(Sphere(10**6)).V == 10**6


def test_infinite_moments_are_kept_as_missing():
    moments = LawMoments(1, 4, m3=math.inf, m4=sp.oo, m6=np.inf)
    assert (moments.m3, moments.m4, moments.m6) == (None, None, None)
