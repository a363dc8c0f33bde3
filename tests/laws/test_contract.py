"""What every law must satisfy, over random dimensions, scales, directions and weights."""

import itertools
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Law,
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


class Wrong(Law):
    """A user's law whose second moment is whatever it is given."""

    def __init__(self, moment, dim=2, delta=1):
        self.moment, self.dim, self.delta = moment, dim, delta

    def second_moment(self):
        return self.moment

    def sample(self, n, rng): ...
    def fourth_moment(self, matrix):
        return np.asarray(matrix) * 1.0

    def dimension_factor(self, a=None):
        return 2

    def norm_moment(self, k):
        return 2

    def norm_bound(self):
        return 2


def test_a_user_s_law_that_keeps_the_contract():
    law = Wrong(np.eye(2))
    require_unbiased(law)
    assert law.unbiasedness_defect() == 0
    # The inherited methods rest on fourth_moment alone; here T4[B] = B.
    close(law.error_covariance([1.0, 2.0]), np.zeros((2, 2)), 1)
    assert law.directional_fourth_moment([1e-200, 2e-200]) == pytest.approx(1)
    assert law.weighted_norm_moment([[1, 2], [2, 4]]) == 5


@pytest.mark.parametrize(
    "moment",
    [
        2 * np.eye(2),
        np.array([[1.0, 1e-6], [1e-6, 1.0]]),
        np.array([[1, 0], [0, 1 + 1e-8]]),
        np.full((2, 2), np.nan),
        np.array([[1.0, np.nan], [0.0, 1.0]]),
        np.array([[1.0, np.inf], [0.0, 1.0]]),
        np.eye(3),
        np.eye(2)[0],
        [[1, 0], [0]],
        [["1", "0"], ["0", "1"]],
        None,
        np.eye(2) * 1j,
    ],
)
def test_a_user_s_law_that_breaks_the_contract(moment):
    with pytest.raises(NotUnbiased):
        require_unbiased(Wrong(moment))


@pytest.mark.parametrize("delta", [0, -1, float("nan"), None, "1"])
def test_a_user_s_law_without_a_scale(delta):
    with pytest.raises(InvalidArgument, match="delta"):
        require_unbiased(Wrong(np.eye(2), delta=delta))


def test_the_contract_is_exact_for_exact_laws():
    from fractions import Fraction

    import sympy as sp

    tiny = Fraction(1, 10**12)
    for error in (tiny, sp.Rational(1, 10**12), sp.Symbol("h", positive=True)):
        with pytest.raises(NotUnbiased):
            require_unbiased(Wrong(np.array([[1 + error, 0], [0, 1]], dtype=object)))
    require_unbiased(Wrong(np.array([[1.0 + 1e-12, 0], [0, 1]])))


def test_require_unbiased_wants_a_law():
    with pytest.raises(InvalidArgument, match="law"):
        require_unbiased("sphere")  # type: ignore[arg-type]


@pytest.mark.parametrize("points", [[[1, 0], [0, 2]], [[1, 0]], [[1, 1], [1, -1], [1, 1]]])
def test_empirical_laws_are_checked(points):
    with pytest.raises(NotUnbiased):
        Empirical(points)


def test_shells_are_checked_on_request():
    with pytest.raises(NotUnbiased):
        require_unbiased(Shells(Contiguous((1, 1)), [[1, 2]], [1]))


def test_dimension_one_is_a_sign():
    # s = n, and v = +-sqrt(delta) for every law of fixed length: no error at all.
    laws = [
        Sphere(1, 2), Rademacher(1, 2), Coordinate(1, 2), DAP([-5], 2), DAP([1], 2, "gaussian"),
        OrthonormalFrame(1, 1, 2), RandomBlock(1, 1, delta=2), ImportanceBlocks([1], [1], 2),
        Empirical([[1], [-1]]), Mixture([Sphere(1), Rademacher(1)], [0.5, 0.5]),
    ]  # fmt: skip
    for law in laws:
        assert law.dim == 1
        assert law.dimension_factor([3]) == 1
        assert law.error_covariance([3.0]).item() == pytest.approx(0, abs=1e-12)
        assert np.all(law.sample(9, 0) ** 2 == pytest.approx(law.delta))
    assert Gaussian(1).dimension_factor() == 3
    assert Gaussian(1, 2).error_covariance([3]).item() == 2 * 4 * 9
    for make in (lambda: TwoAtom([1], 0.5), lambda: Guided([1], 0.5)):
        with pytest.raises(InvalidArgument, match="dimension 2"):
            make()
