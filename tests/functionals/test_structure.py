"""Structured perturbations: definitions, moments by enumeration and pairings, and what replaces d."""

import itertools
import math
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.errors import InvalidArgument
from zotheory.functionals import (
    effective_overlap,
    intrinsic_rank,
    random_subspace_curvature,
    random_subspace_factor,
    replaced_dimension,
    stable_rank,
    structured_curvature,
    structured_energy,
    structured_mean,
)
from zotheory.laws import Sphere

P = np.array([[1, 2], [0, -1], [3, 1]], dtype=object)
A = [2, -1, 3]
H = np.array([[2, 1, 0], [1, -1, 3], [0, 3, 5]], dtype=object)
# Laws of u in R^2 with the Gaussian's or the circle's moments to order five.
GAUSS = [(0, Q(2, 3)), (3, Q(1, 6)), (-3, Q(1, 6))]  # N(0, 3)
NORMAL_TWIN = [((x, y), w * t) for (x, w), (y, t) in itertools.product(GAUSS, repeat=2)]
# Points of the unit circle: axes and the (3, 4, 5) triangle, weights from E[x^4] = 3/8, E[x^2 y^2] = 1/8.
OBLIQUE = [
    (Q(s * x, 5), Q(t * y, 5)) for x, y in ((3, 4), (4, 3)) for s, t in itertools.product((1, -1), repeat=2)
]
WEIGHT = Q(1, 8) / sum(x * x * y * y for x, y in OBLIQUE)
CIRCLE = [(u, WEIGHT) for u in OBLIQUE] + [
    (u, (1 - 8 * WEIGHT) / 4) for u in ((1, 0), (-1, 0), (0, 1), (0, -1))
]


def mean(twin, scale, value):
    # E of a form of degree four in v = P u, with E[u u^T] = I after division by scale^2.
    return sum(w * value(P @ np.array(u, dtype=object)) for u, w in twin) / Q(scale) ** 2


@pytest.mark.parametrize(
    ("inner", "twin", "scale"), [("gaussian", NORMAL_TWIN, 3), ("sphere", CIRCLE, Q(1, 2))]
)
def test_moments_against_enumeration(inner, twin, scale):
    a = np.array(A, dtype=object)
    assert sum(w for _, w in twin) == 1
    energy = mean(twin, scale, lambda v: (v @ a) ** 2 * (v @ v))
    curvature = mean(twin, scale, lambda v: (v @ a) ** 2 * (v @ H @ v))
    assert structured_energy(P, A, inner) == energy
    assert structured_curvature(P, A, H, inner) == curvature
    first = sum(w * (v @ a) * v for u, w in twin for v in [P @ np.array(u, dtype=object)]) / scale
    assert structured_mean(P, A).tolist() == first.tolist()


def test_gaussian_energy_by_pairings_of_symbols():
    entries = sp.symbols("p1:5", real=True)
    a = sp.symbols("x y", real=True)
    p = np.array(entries, dtype=object).reshape(2, 2)
    s = p @ p.T
    # E[v_i v_j v_k v_l] = S_ij S_kl + S_ik S_jl + S_il S_jk.
    pairs = itertools.product(range(2), repeat=3)
    expected = sum(a[i] * a[j] * (s[i, j] * s[k, k] + 2 * s[i, k] * s[j, k]) for i, j, k in pairs)
    assert sp.expand(structured_energy(p, a) - expected) == 0


def test_definitions_on_a_diagonal_matrix():
    # Singular values 4, 2, 1: |P|_F^2 = 21, |P|_2^2 = 16.
    p = np.diag([4.0, 2.0, 1.0])
    assert stable_rank(p) == pytest.approx(21 / 16)
    assert effective_overlap(p, [1, 0, 2]) == pytest.approx((16 + 4) / (16 * 5))
    assert intrinsic_rank(np.diag([4, 2, 1])) == pytest.approx(7 / 4)
    assert stable_rank([[Q(10**20), 0], [0, Q(10**20)]]) == pytest.approx(2)


def test_a_known_subspace_replaces_d_by_its_dimension():
    p, _ = np.linalg.qr(np.arange(15.0).reshape(5, 3) ** 2 % 7)
    inside = p @ [1.0, -2.0, 0.5]
    assert replaced_dimension(p, inside, inner="sphere") == pytest.approx(3)
    assert replaced_dimension(p, inside) == pytest.approx(3 + 2)
    outside = inside + 2 * (np.eye(5) - p @ p.T) @ np.ones(5)
    overlap = effective_overlap(p, outside)
    assert replaced_dimension(p, outside, inner="sphere") == pytest.approx(3 / overlap)
    bias = structured_mean(p, outside) - outside
    assert bias @ bias == pytest.approx((1 - overlap) * (outside @ outside))
    assert replaced_dimension(np.eye(5), outside, inner="sphere") == pytest.approx(5)


def test_low_intrinsic_rank_replaces_d_too():
    h, a = np.diag([3.0, 0.0, 0.0, 0.0]), [1.0, 0.0, 0.0, 0.0]
    assert replaced_dimension(np.eye(4), a, h) == pytest.approx(3)  # tr H / |H| + 2
    assert replaced_dimension(np.eye(4), [0, 1, 0, 0], h) == pytest.approx(1)  # no curvature along a
    assert replaced_dimension([[1.0], [0.0], [0.0], [0.0]], [0, 1, 0, 0], h) == math.inf


def test_the_replaced_dimension_sets_the_best_step_on_a_quadratic():
    rng = np.random.default_rng(5)
    p, a, h = rng.standard_normal((4, 2)), rng.standard_normal(4), np.diag([5.0, 1.0, 0.5, 0.0])
    slope, curvature = a @ structured_mean(p, a), structured_curvature(p, a, h)
    steps = np.linspace(0, 2 * slope / curvature, 20_001)
    best = (steps * slope - steps**2 / 2 * curvature).max()
    assert best == pytest.approx((a @ a) / (2 * 5.0 * replaced_dimension(p, a, h)), rel=1e-7)


@pytest.mark.parametrize("inner", ["gaussian", "sphere"])
@pytest.mark.parametrize(
    ("columns", "a", "h"),
    [
        ([[1], [0]], [Q(1, 10**90), 1], [1, 1]),  # |P^T a|^4 is 1e-360
        ([[1], [0]], [Q(1, 10**120), 1], [1, 0]),
        ([[1, 0], [0, Q(1, 10**40)]], [0, 1], [0, 1]),  # E[g^T H g] is 1e-160, |P^T a|^4 too
        ([[1, 0], [0, Q(1, 10**40)], [0, 0]], [0, Q(3, 10**100), 1], [0, Q(1, 10**60), 2]),
        ([[2, 1], [Q(1, 10**45), -1]], [Q(1, 10**80), Q(-5, 10**90)], [3, 1]),
    ],
)
def test_the_replaced_dimension_at_small_overlaps(columns, a, h, inner):
    # In exact arithmetic: |a|^2 E[g^T H g] / (|H| |P^T a|^4).
    p, a = np.array(columns, dtype=object), np.array(a, dtype=object)
    hessian = np.diag(np.array(h, dtype=object))
    seen = p.T @ a
    exact = (a @ a) * structured_curvature(p, a, hessian, inner) / (max(h) * (seen @ seen) ** 2)
    floats = (p.astype(float), a.astype(float), hessian.astype(float))
    assert replaced_dimension(*floats, inner) == pytest.approx(float(exact), rel=1e-12)
    assert replaced_dimension(p, a, hessian, inner) == pytest.approx(float(exact), rel=1e-12)


def test_a_replaced_dimension_beyond_floats_is_infinite():
    for tiny in (1e-154, 1e-170, 1e-300, 5e-324):  # D = 3 / tiny^2
        assert replaced_dimension([[1], [0]], [tiny, 1]) == math.inf
    # No curvature in the column of P: any step helps, D = 0.
    assert replaced_dimension([[1], [0]], [1e-170, 1], np.diag([0.0, 1.0])) == 0
    p, h = [[1, 1], [1, -1]], [[1, -1], [-1, 1]]  # large entries of both signs in the sums
    assert replaced_dimension(p, [1, -1 + 1e-15], h) == pytest.approx(3, rel=1e-9)
    for law in ("rademacher", None):
        with pytest.raises(InvalidArgument, match="inner"):
            replaced_dimension([[1], [0]], [1e-170, 1], None, law)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 10**6),
    st.sampled_from(["gaussian", "sphere"]),
    st.floats(0.01, 100),
)
def test_bounds_and_scales(dim, k, seed, inner, factor):
    rng = np.random.default_rng(seed)
    p, a = rng.standard_normal((dim, k)), rng.standard_normal(dim)
    half = rng.standard_normal((dim, rng.integers(1, dim + 1)))
    h = half @ half.T
    c = 1 if inner == "gaussian" else k / (k + 2)
    rank, overlap = stable_rank(p), effective_overlap(p, a)
    assert 1 - 1e-12 <= rank <= min(dim, k) + 1e-12
    assert 0 <= overlap <= 1 + 1e-12
    top, steep = np.linalg.norm(p, 2), np.linalg.norm(h, 2)
    energy = structured_energy(p, a, inner)
    assert energy <= c * top**4 * overlap * (rank + 2) * (a @ a) * (1 + 1e-12)
    flat = min(rank, intrinsic_rank(h))
    curvature = structured_curvature(p, a, h, inner)
    assert curvature <= c * top**4 * steep * overlap * (flat + 2) * (a @ a) * (1 + 1e-12)
    replaced = replaced_dimension(p, a, h, inner)
    assert replaced <= c * (flat + 2) / overlap * (1 + 1e-9)
    again = replaced_dimension(-factor * p, factor * a, factor * h, inner)
    assert again == pytest.approx(replaced, rel=1e-9)


@pytest.mark.parametrize("inner", ["gaussian", "sphere"])
def test_random_subspaces_average_fixed_ones(inner):
    # 4000 uniformly random planes of R^4; P(|z| > 6.5) < 1e-10 for each of the two means.
    rng, n, k, d = np.random.default_rng(3), 4000, 2, 4
    a, h = np.array([1.0, -2.0, 0.5, 0.0]), np.diag([3.0, 1.0, 0.0, -1.0])
    frames, _ = np.linalg.qr(rng.standard_normal((n, d, k)))
    values = [structured_curvature(math.sqrt(d / k) * q, a, h, inner) for q in frames]
    expected = random_subspace_curvature(a, h, k, inner)
    assert abs(np.mean(values) - expected) < 6.5 * np.std(values) / math.sqrt(n)
    energies = [structured_energy(math.sqrt(d / k) * q, a, inner) for q in frames]
    nu = random_subspace_factor(d, k, inner)
    assert abs(np.mean(energies) - nu * (a @ a)) < 6.5 * np.std(energies) / math.sqrt(n) + 1e-9


def test_random_subspaces_against_laws():
    # Fixed length in a random subspace is the uniform law on the sphere.
    a, h = np.array([1, -2, 3]), np.array([[2, 1, 0], [1, -1, 3], [0, 3, 5]])
    law = Sphere(3, Q(3, 2))
    for k in (1, 2, 3):
        exact = (law.fourth_moment(np.outer(a, a)) * h).sum()
        assert random_subspace_curvature(a, h, k, "sphere", Q(3, 2)) == exact
    d, k = sp.symbols("d k", positive=True)
    assert sp.simplify(random_subspace_factor(d, k) - d * (k + 2) / k) == 0
    assert sp.simplify(random_subspace_factor(d, k, "sphere") - d) == 0


@pytest.mark.parametrize(
    "structure", [None, 3, [], [1, 2], [[0, 0]], [[1, math.nan]], [["a"]], [[1], [2, 3]], [[1e60]]]
)
def test_bad_structures(structure):
    for call in (
        lambda: stable_rank(structure),
        lambda: effective_overlap(structure, [1]),
        lambda: structured_mean(structure, [1]),
        lambda: structured_energy(structure, [1]),
        lambda: replaced_dimension(structure, [1]),
    ):
        with pytest.raises(InvalidArgument, match="structure"):
            call()


def test_bad_gradients_hessians_and_laws():
    p = np.eye(3)[:, :2]
    for a in (None, [1, 2], [0, 0, 0], [1, math.inf, 0], "abc"):
        with pytest.raises(InvalidArgument, match="a ="):
            structured_energy(p, a)
    for h in (np.eye(2), np.triu(np.ones((3, 3))), None, "h"):
        with pytest.raises(InvalidArgument, match="hessian"):
            structured_curvature(p, A, h)
    for h in (np.zeros((3, 3)), np.diag([1.0, 1.0, -0.1]), -np.eye(3)):
        for call in (lambda h=h: intrinsic_rank(h), lambda h=h: replaced_dimension(p, A, h)):
            with pytest.raises(InvalidArgument, match="H >= 0"):
                call()
    for h in (3, None, [1, 2]):
        with pytest.raises(InvalidArgument, match="hessian"):
            intrinsic_rank(h)
    for inner in ("rademacher", None, 1):
        for call in (
            lambda i=inner: structured_energy(p, A, i),
            lambda i=inner: replaced_dimension(p, [0, 0, 1], None, i),
            lambda i=inner: random_subspace_factor(3, 2, i),
        ):
            with pytest.raises(InvalidArgument, match="inner"):
                call()
    with pytest.raises(InvalidArgument, match="rank"):
        random_subspace_factor(3, 4)
    with pytest.raises(InvalidArgument, match="delta"):
        random_subspace_curvature(A, H, 2, delta=0)
    x = sp.Symbol("x", positive=True)
    for call in (lambda: stable_rank([[x]]), lambda: intrinsic_rank([[x]])):
        with pytest.raises(InvalidArgument, match="not symbols"):
            call()
