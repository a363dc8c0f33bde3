"""Samples: shape, type, seed, support, and empirical moments against the exact ones."""

import math

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    ImportanceBlocks,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Axis


@pytest.fixture
def law(bounded_twin):
    return bounded_twin[0]


def test_shape_type_and_seed(law):
    for n in (1, 7):
        v = law.sample(n, 3)
        assert v.shape == (n, law.dim)
        assert v.dtype == np.float64
        assert np.array_equal(v, law.sample(n, 3))
        assert np.array_equal(v, law.sample(n, np.int32(3)))
    first = law.sample(5, np.random.default_rng(1))
    assert np.array_equal(first, law.sample(5, np.random.default_rng(1)))
    generator = np.random.default_rng(1)
    law.sample(5, generator)
    assert generator.random() != np.random.default_rng(1).random()


def test_support(law):
    n = (law.sample(2000, 5) ** 2).sum(axis=1)
    bound = float(law.norm_bound())
    assert n.max() <= bound * (1 + 1e-12)
    assert n.max() >= bound * (1 - 1e-12)  # every atom here has probability 1/20 or more


# Each test below compares means of n draws with exact means by z = |difference| sqrt(n) / sd. Under
# a correct law P(z > 6.5) < 1e-10 for a normal mean; with at most 10 comparisons for each of about 40
# laws, and seeds fixed, the false alarm rate of the file is far below 1e-6.
DRAWS, THRESHOLD = 40_000, 6.5


def assert_means(values, expected, scale):
    values = np.asarray(values)
    spread = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - float(expected)) <= THRESHOLD * spread + 1e-9 * float(scale)


def assert_moments(law, v):
    a = np.arange(1.0, law.dim + 1)
    s, n, delta = (v @ a) ** 2 / (a @ a), (v**2).sum(axis=1), float(law.delta)
    assert_means(s, delta, delta)
    assert_means(n, delta * law.dim, delta * law.dim)
    assert_means(s * n, law.dimension_factor(a) * delta**2, law.dim * delta**2)
    assert_means(s * s, law.directional_fourth_moment(a), delta**2)
    assert_means(n**1.5, law.norm_moment(1.5), law.norm_moment(1.5))
    # An entry off the diagonal, and the last one on it.
    assert_means(v[:, 0] * v[:, -1], delta * (law.dim == 1), delta)
    assert_means(v[:, -1] ** 2, delta, delta)
    third = v[:, 0] ** 3  # symmetric: odd moments vanish
    assert_means(third, 0, delta**1.5)


def test_empirical_moments_of_bounded_laws(law):
    assert_moments(law, law.sample(DRAWS, 11))


@pytest.mark.parametrize(
    "law",
    [
        Gaussian(3, 0.4),
        Gaussian(1, 2),
        DAP([1.0, 2.0, 2.0], 0.4, "gaussian"),
        DAP([1.0, 1.0], 0.4, "gaussian"),
    ],
    ids=["gaussian-3", "gaussian-1", "dap-3", "dap-2"],
)
def test_empirical_moments_of_unbounded_laws(law):
    assert law.norm_bound() == math.inf
    assert_moments(law, law.sample(DRAWS, 12))


@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
@pytest.mark.parametrize("dim", [2, 3, 50])
def test_dap_component_along_the_direction_is_fixed(dim, complement):
    e = np.linspace(-1, 2, dim)
    v = DAP(e, 0.3, complement).sample(500, 1)
    np.testing.assert_allclose((v @ e) ** 2 / (e @ e), 0.3, rtol=1e-12)
    assert 150 < (v @ e > 0).sum() < 350


def test_two_atom_is_never_along_and_across_at_once():
    e = np.array([1.0, -2.0, 2.0]) / 3
    v = TwoAtom(e, 0.25, 2).sample(4000, 1)
    s, n = (v @ e) ** 2, (v**2).sum(axis=1)
    along = s > 1
    np.testing.assert_allclose(s[along], 8, rtol=1e-12)
    np.testing.assert_allclose(n[along], 8, rtol=1e-12)
    np.testing.assert_allclose(n[~along], 2 * 2 / 0.75, rtol=1e-12)
    assert np.abs(s[~along]).max() < 1e-28
    assert abs(along.mean() - 0.25) < THRESHOLD * math.sqrt(0.25 * 0.75 / 4000)


@pytest.mark.parametrize(
    ("law", "shares"),
    [
        (RandomBlock(6, 2), [1 / 3] * 3),
        (RandomBlock(6, 2, Gaussian), [1 / 3] * 3),
        (Coordinate(6), [1 / 3] * 3),
        (
            ImportanceBlocks([2, 2, 2], [0.1, 0.5, 0.4]),
            np.sqrt([0.1, 0.5, 0.4]) / np.sqrt([0.1, 0.5, 0.4]).sum(),
        ),
    ],
    ids=["random", "random-gaussian", "coordinate", "importance"],
)
def test_blocks_are_hit_one_at_a_time_with_their_probabilities(law, shares):
    hit = law.sample(DRAWS, 2).reshape(DRAWS, 3, 2).any(axis=2)
    assert np.all(hit.sum(axis=1) == 1)
    for share, wanted in zip(hit.mean(axis=0), shares, strict=True):
        assert abs(share - wanted) < THRESHOLD * math.sqrt(wanted * (1 - wanted) / DRAWS)


@pytest.mark.parametrize(
    ("dim", "batch", "n"), [(5, 1, 4), (5, 3, 9), (5, 5, 20), (5, 3, 7), (1, 1, 3), (40, 40, 80)]
)
def test_frames_are_orthogonal(dim, batch, n):
    v = OrthonormalFrame(dim, batch, 0.5).sample(n, 3)
    assert v.shape == (n, dim)
    for start in range(0, n, batch):
        rows = v[start : start + batch]
        np.testing.assert_allclose(rows @ rows.T, 0.5 * dim * np.eye(len(rows)), atol=1e-11 * dim)


def test_full_frames_recover_the_gradient():
    a = np.array([1.0, -2.0, 0.5, 3.0])
    v = OrthonormalFrame(4, 4, 0.5).sample(40, 3)
    means = (v * (v @ a)[:, None]).reshape(10, 4, 4).mean(axis=1)
    np.testing.assert_allclose(means, np.tile(0.5 * a, (10, 1)), rtol=1e-12)


BIG = 10**6


@pytest.mark.parametrize(
    ("law", "nu"),
    [
        (Sphere(BIG), BIG),
        (Gaussian(BIG), BIG + 2),
        (Rademacher(BIG), BIG),
        (Coordinate(BIG), BIG),
        (DAP(FirstAxis(BIG)), BIG),
        (DAP(np.ones(BIG), complement="gaussian"), BIG),
        (TwoAtom(FirstAxis(BIG), 0.5), 2e-6 + 2 * (1 - 1e-6) * (BIG - 1)),
        (RandomBlock(BIG, 10**5, Gaussian), BIG + 20),
        (ImportanceBlocks([1, BIG - 1], [0.5, 0.5]), None),
    ],
    ids=[
        "sphere",
        "gaussian",
        "rademacher",
        "coordinate",
        "dap",
        "dap-gaussian",
        "two-atom",
        "block",
        "importance",
    ],
)
def test_many_dimensions(law, nu):
    v = law.sample(2, 0)
    assert v.shape == (2, BIG)
    assert np.isfinite(v).all()
    if nu is not None:
        assert float(law.dimension_factor(np.ones(BIG))) == pytest.approx(nu, rel=1e-12)
    assert float(law.directional_fourth_moment(np.ones(BIG))) >= 1 - 1e-12
    assert law.unbiasedness_defect() < 1e-12


def test_symbols_cannot_be_sampled():
    import sympy as sp

    d, delta = sp.symbols("d delta", positive=True)
    for law in (Sphere(d), Sphere(3, delta), DAP([1, 2], delta), TwoAtom(FirstAxis(d), 0.5), DAP([d, 1])):
        with pytest.raises(InvalidArgument):
            law.sample(2, 0)


def test_exact_laws_are_sampled_in_floats(exact_twin):
    law, _ = exact_twin
    assert law.sample(3, 0).dtype == np.float64


def test_directions_beyond_the_floats_are_sampled():
    v = DAP([10**400, 10**400], 2).sample(50, 0)
    np.testing.assert_allclose((v.sum(axis=1)) ** 2 / 2, 2, rtol=1e-12)
    w = Shells(Axis([1e-200, 1e-200]), [[2.0, 2.0]], [1.0]).sample(50, 0)
    np.testing.assert_allclose((w.sum(axis=1)) ** 2 / 2, 2, rtol=1e-12)


def test_empirical_draws_its_points_with_their_weights():
    law = Empirical([[3, 0], [-3, 0], [0, 1], [0, -1]], [0.05, 0.05, 0.45, 0.45])
    v = law.sample(DRAWS, 4)
    share = (np.abs(v[:, 0]) == 3).mean()
    assert abs(share - 0.1) < THRESHOLD * math.sqrt(0.09 / DRAWS)
    assert set(map(tuple, v)) == {(3, 0), (-3, 0), (0, 1), (0, -1)}
