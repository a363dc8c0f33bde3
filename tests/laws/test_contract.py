"""What every law must satisfy, over random dimensions, scales, directions and weights."""

import itertools
import math

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

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
    Shells,
    Sphere,
    TwoAtom,
    require_unbiased,
)
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces

RULES = settings(deadline=None, derandomize=True, max_examples=120)

scales = st.floats(0.01, 100)
inner = st.floats(0.02, 0.98)
entries = st.floats(-3, 3).filter(lambda x: x == 0 or abs(x) > 1e-3)


@st.composite
def vectors(draw, dim):
    vector = np.array(draw(st.lists(entries, min_size=dim, max_size=dim)))
    return vector if vector.any() else np.ones(dim)


@st.composite
def shares(draw, count):
    raw = np.array(draw(st.lists(st.floats(0.05, 1), min_size=count, max_size=count)))
    return raw / raw.sum()


@st.composite
def symmetric(draw, dim):
    entry = st.floats(-5, 5)
    matrix = np.array(draw(st.lists(entry, min_size=dim * dim, max_size=dim * dim))).reshape(dim, dim)
    return matrix + matrix.T


def rotation(seed, dim):
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))
    return q


@st.composite
def makers(draw):
    """A dimension and a function from delta to a law."""
    kind = draw(st.integers(0, 13))
    dim = draw(st.integers(2 if kind in (6, 7) else 1, 6))
    if kind < 4:
        return dim, lambda s: (Gaussian, Sphere, Rademacher, Coordinate)[kind](dim, s)
    e = draw(vectors(dim))
    if kind < 6:
        return dim, lambda s: DAP(e, s, ("sphere", "gaussian")[kind - 4])
    ratio = draw(inner)
    if kind < 8:
        return dim, lambda s: (TwoAtom, Guided)[kind - 6](e, ratio, s)
    if kind == 8:
        block = (Sphere, Gaussian, Rademacher, Coordinate)[draw(st.integers(0, 3))]
        count = draw(st.integers(1, 3))
        return dim * count, lambda s: RandomBlock(dim * count, dim, block, s)
    if kind == 9:
        sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
        energies = draw(shares(len(sizes)))
        return sum(sizes), lambda s: ImportanceBlocks(sizes, energies, s)
    if kind == 10:
        weights, stretch = draw(shares(3)), draw(st.floats(0.2, 5))
        return dim, lambda s: Mixture([DAP(e, s), Gaussian(dim, s * stretch), Rademacher(dim, s)], weights)
    if kind == 11:
        return dim, lambda s: OrthonormalFrame(dim, draw(st.integers(1, dim)), s)
    if kind == 12:
        basis = rotation(draw(st.integers(0, 99)), dim) * math.sqrt(dim)
        return dim, lambda s: Empirical(math.sqrt(s) * np.concatenate([basis, -basis]))
    if dim == 1:
        return dim, lambda s: Shells(Contiguous((1,)), [[s / 2], [3 * s / 2]], [0.5, 0.5])
    parts = (
        Axis(e)
        if draw(st.booleans())
        else Eigenspaces(rotation(draw(st.integers(0, 99)), dim), (1, dim - 1))
    )
    table = lambda s: [[s * (1 + ratio), s * (dim - 1) * 0.5], [s * (1 - ratio), s * (dim - 1) * 1.5]]  # noqa: E731
    return dim, lambda s: Shells(parts, table(s), [0.5, 0.5])


@st.composite
def cases(draw):
    """A law, a gradient and a symmetric matrix."""
    dim, make = draw(makers())
    return make(draw(scales)), draw(vectors(dim)), draw(symmetric(dim))


def close(got, expected, scale=None):
    expected = np.asarray(expected, dtype=float)
    scale = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(
        np.asarray(got, dtype=float), expected, rtol=1e-9, atol=1e-9 * scale + 1e-300
    )


@RULES
@given(cases())
def test_contract_and_its_consequences(case):
    law, a, matrix = case
    delta, square, identity = law.delta, a @ a, np.eye(law.dim)
    require_unbiased(law)
    close(law.second_moment(), delta * identity)
    close(law.norm_moment(1), delta * law.dim)
    nu, covariance = law.dimension_factor(a), law.error_covariance(a)
    units = delta**2 * square * law.dim
    close(np.trace(covariance), (nu - 1) * delta**2 * square, units)
    close(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-9 * units
    # E[s n] by three ways round T4.
    close(np.trace(law.fourth_moment(np.outer(a, a))), nu * delta**2 * square)
    close(a @ law.fourth_moment(identity) @ a, nu * delta**2 * square)
    close(law.weighted_norm_moment(np.outer(a, a)), nu * delta**2 * square)
    close(a @ law.fourth_moment(np.outer(a, a)) @ a, law.directional_fourth_moment(a) * square**2)
    # E[(v.Av) n] by three ways.
    weighted = law.weighted_norm_moment(matrix)
    scale = delta**2 * law.dim**2 * np.abs(matrix).sum() / min(1, law.delta / law.norm_moment(1)) * 10
    close(np.trace(law.fourth_moment(matrix)), weighted, scale)
    close(np.trace(law.fourth_moment(identity) @ matrix), weighted, scale)
    # Jensen, Cauchy-Schwarz, Lyapunov.
    assert law.directional_fourth_moment(a) >= delta**2 * (1 - 1e-9)
    assert nu >= 1 - 1e-9
    means = [law.norm_moment(k) ** (1 / k) for k in (1, 1.5, 2, 3)] + [law.norm_bound()]
    assert all(x <= y * (1 + 1e-9) for x, y in itertools.pairwise(means))
    assert isinstance(nu, (int, float))
    assert covariance.dtype == float


@RULES
@given(cases(), st.floats(-2, 2))
def test_fourth_moment_is_linear_symmetric_and_self_adjoint(case, factor):
    law, a, matrix = case
    other = np.outer(a, a)
    first, second = law.fourth_moment(matrix), law.fourth_moment(other)
    scale = np.abs(first).max() + np.abs(second).max()
    close(law.fourth_moment(matrix + factor * other), first + factor * second, 3 * scale)
    close(first, first.T)
    # tr(A T4[B]) = E[(v.Av)(v.Bv)] = tr(B T4[A]).
    close(
        (other * first).sum(), (matrix * second).sum(), (np.abs(other).sum() + np.abs(matrix).sum()) * scale
    )


@RULES
@given(makers(), scales, scales, st.data())
def test_gauge(maker, delta, factor, data):
    dim, make = maker
    a = data.draw(vectors(dim))
    law, scaled = make(delta), make(delta * factor)
    close(
        scaled.error_covariance(a),
        factor**2 * law.error_covariance(a),
        factor**2 * law.delta**2 * dim * (a @ a),
    )
    close(scaled.dimension_factor(a), law.dimension_factor(a))
    close(scaled.directional_fourth_moment(a), factor**2 * law.directional_fourth_moment(a))
    for k in (1, 1.5, 2, 3):
        close(scaled.norm_moment(k), factor**k * law.norm_moment(k))


@RULES
@given(cases(), st.floats(0.01, 100), st.booleans())
def test_scale_of_the_gradient(case, factor, negative):
    law, a, _ = case
    b = -factor * a if negative else factor * a
    close(law.dimension_factor(b), law.dimension_factor(a))
    close(law.directional_fourth_moment(b), law.directional_fourth_moment(a))
    close(law.error_covariance(b), factor**2 * law.error_covariance(a), factor**2 * law.delta**2 * (a @ a))
    if not isinstance(law, OrthonormalFrame):
        close(law.batch_error_covariance(a, 7), law.error_covariance(a) / 7)
        close(law.batch_mse_factor(a, 7), (law.dimension_factor(a) - 1) / 7, law.dim)


@RULES
@given(st.integers(2, 6), st.integers(0, 99), scales, inner, st.data())
def test_rotations(dim, seed, delta, p, data):
    q, a, e = rotation(seed, dim), data.draw(vectors(dim)), data.draw(vectors(dim))
    for law in (Gaussian(dim, delta), Sphere(dim, delta)):
        close(law.error_covariance(q @ a), q @ law.error_covariance(a) @ q.T, delta**2 * (a @ a) * dim)
    for make in (
        lambda x: DAP(x, delta),
        lambda x: DAP(x, delta, "gaussian"),
        lambda x: TwoAtom(x, p, delta),
    ):
        turned, law = make(q @ e), make(e)
        scale = delta**2 * (a @ a) * dim / p / (1 - p)
        close(turned.error_covariance(q @ a), q @ law.error_covariance(a) @ q.T, scale)
        close(turned.dimension_factor(q @ a), law.dimension_factor(a))


@RULES
@given(st.integers(1, 6), scales, st.data())
def test_permutations_and_signs(dim, delta, data):
    a = data.draw(vectors(dim))
    order = data.draw(st.permutations(range(dim)))
    signs = np.array(data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=dim, max_size=dim)))
    moved = np.eye(dim)[list(order)] * signs
    for law in (Rademacher(dim, delta), Coordinate(dim, delta)):
        close(
            law.error_covariance(moved @ a),
            moved @ law.error_covariance(a) @ moved.T,
            delta**2 * (a @ a) * dim,
        )


@RULES
@given(st.integers(2, 8), inner)
def test_guided_optimum_among_two_atom_laws(dim, rho):
    # Its nu at the alignment itself is the known value, below d, and no other p does better.
    e, a = np.eye(dim)[0], np.array([rho, math.sqrt(1 - rho**2)] + [0.0] * (dim - 2))
    value = Guided(e, rho).dimension_factor(a)
    close(value, (rho + math.sqrt((1 - rho**2) * (dim - 1))) ** 2)
    assert value <= dim * (1 + 1e-12)
    for p in (0.05, 0.3, 0.6, 0.95):
        assert TwoAtom(e, p).dimension_factor(a) >= value * (1 - 1e-12)
