"""E[(v^T H v)^2 v v^T] and its odd companions against sums over points and exact quadrature."""

import math
from fractions import Fraction as Q
from itertools import product

import numpy as np
import pytest

from zotheory.bounds.dynamics.odd import odd_moments
from zotheory.bounds.dynamics.quadratic import QuadraticDynamics
from zotheory.bounds.dynamics.sixth_moment import sixth_moment, spectral_sixth
from zotheory.errors import InvalidArgument
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
)
from zotheory.laws.partition import Contiguous

H2 = np.array([[2.0, 0.7], [0.7, -1.0]])
H3 = np.array([[2.0, 0.7, -0.3], [0.7, 1.0, 0.4], [-0.3, 0.4, -0.5]])
H4 = np.array([[2.0, 0.7, -0.3, 0.1], [0.7, 1.0, 0.4, 0.0], [-0.3, 0.4, -0.5, 0.9], [0.1, 0.0, 0.9, 1.5]])
LEAN = [3.0, 1.0, -2.0]

# Point sets exact for polynomials of degree seven: the octagon, Gauss-Legendre heights with octagons
# around the axis, Gauss-Hermite products.
OCTAGON = [(np.array([np.cos(k * np.pi / 4), np.sin(k * np.pi / 4)]), 1 / 8) for k in range(8)]


def ball_surface():
    heights, weights = np.polynomial.legendre.leggauss(4)
    return [
        (np.array([np.sqrt(1 - z * z) * u[0], np.sqrt(1 - z * z) * u[1], z]), w / 2 * p)
        for z, w in zip(heights, weights, strict=True)
        for u, p in OCTAGON
    ]


def normal(dim, variance):
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    weights = weights / weights.sum()
    return [
        (np.sqrt(variance) * nodes[list(index)], np.prod(weights[list(index)]))
        for index in product(range(4), repeat=dim)
    ]


def scaled(points, radius):
    return [(radius * v, p) for v, p in points]


def around(direction):
    """Orthonormal rows: the direction, then two vectors orthogonal to it."""
    e = np.array(direction) / np.linalg.norm(direction)
    other = np.cross(e, [0.0, 0.0, 1.0])
    other /= np.linalg.norm(other)
    return e, other, np.cross(e, other)


def along_and_across(direction, along, across):
    """Atoms x e + w for pairs of weighted scalars x and weighted points w of the plane."""
    e, f, g = around(direction)
    return [(x * e + w[0] * f + w[1] * g, p * q) for x, p in along for w, q in across]


def fair(radius, chance=1.0):
    return [(radius, chance / 2), (-radius, chance / 2)]


def padded(points, before, after, chance=1.0):
    return [(np.concatenate([np.zeros(before), v, np.zeros(after)]), chance * p) for v, p in points]


def two_atoms(p, delta):
    nothing = [(np.zeros(2), 1.0)]
    on = along_and_across(LEAN, fair(np.sqrt(delta / p), p), nothing)
    off = along_and_across(LEAN, [(0.0, 1 - p)], scaled(OCTAGON, np.sqrt(2 * delta / (1 - p))))
    return on + off


def importance():
    # sizes (2, 1), energies (0.3, 0.7): p ~ sqrt(size * energy), |v|^2 = delta size / p.
    parts = np.sqrt([0.6, 0.7])
    p = parts / parts.sum()
    first = padded(scaled(OCTAGON, np.sqrt(2 * 2 / p[0])), 0, 1, p[0])
    return first + padded([(np.array([x]), w) for x, w in fair(np.sqrt(2 / p[1]))], 2, 0, p[1])


def shells():
    # Energies (1, 3) with probability 1/4, (7/3, 1/3) with 3/4 over blocks of sizes (2, 1).
    out = []
    for (q, r), chance in (((1.0, 3.0), 0.25), ((7 / 3, 1 / 3), 0.75)):
        out += [
            (np.append(v, x), chance * p * w)
            for v, p in scaled(OCTAGON, np.sqrt(q))
            for x, w in fair(np.sqrt(r))
        ]
    return out


CASES = {
    "gaussian": (Gaussian(3, 0.5), normal(3, 0.5), H3),
    "sphere 3": (Sphere(3, 0.5), scaled(ball_surface(), np.sqrt(1.5)), H3),
    "sphere 2": (Sphere(2, 2), scaled(OCTAGON, 2.0), H2),
    "a frame's vector": (OrthonormalFrame(2, 2, 2), scaled(OCTAGON, 2.0), H2),
    "DAP": (
        DAP(LEAN, 0.5),
        along_and_across(LEAN, fair(np.sqrt(0.5)), scaled(OCTAGON, 1.0)),
        H3,
    ),
    "DAP, gaussian": (
        DAP(LEAN, 0.5, "gaussian"),
        along_and_across(LEAN, fair(np.sqrt(0.5)), normal(2, 0.5)),
        H3,
    ),
    "two atoms": (TwoAtom(LEAN, 0.3, 0.5), two_atoms(0.3, 0.5), H3),
    "guided": (Guided(LEAN, 0.6, 0.5), two_atoms(0.6 / (0.6 + 0.8 * np.sqrt(2)), 0.5), H3),
    "importance blocks": (ImportanceBlocks([2, 1], [0.3, 0.7], 2), importance(), H3),
    "random block": (
        RandomBlock(4, 2, Gaussian, 0.5),
        padded(normal(2, 1.0), 0, 2, 0.5) + padded(normal(2, 1.0), 2, 0, 0.5),
        H4,
    ),
    "shells": (Shells(Contiguous((2, 1)), [[1, 3], [7 / 3, 1 / 3]], [0.25, 0.75]), shells(), H3),
    "mixture": (
        Mixture([Gaussian(2), Sphere(2, 2)], [0.25, 0.75]),
        [(v, 0.25 * p) for v, p in normal(2, 1.0)] + [(v, 0.75 * p) for v, p in scaled(OCTAGON, 2.0)],
        H2,
    ),
}


def summed(points, hessian):
    return sum(p * (v @ hessian @ v) ** 2 * np.outer(v, v) for v, p in points)


@pytest.mark.parametrize("name", CASES)
def test_against_quadrature(name):
    law, points, hessian = CASES[name]
    second = sum(p * np.outer(v, v) for v, p in points)
    assert second == pytest.approx(float(law.delta) * np.eye(len(hessian)), rel=1e-12, abs=1e-12)
    expected = summed(points, hessian)
    assert sixth_moment(law, hessian) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    assert odd_moments(law, hessian) is None


SIGNS = {d: [[s * 3 for s in signs] for signs in product((1, -1), repeat=d)] for d in (1, 2, 3, 4)}
AXES = {d: [[s * 6 * (i == j) for j in range(d)] for i in range(d) for s in (1, -1)] for d in (1, 4)}
# Not symmetric: E[v v^T] = 3 I, E[v] = (0, 1/2).
SKEWED = [[4, 0], [-2, 2], [-2, -2], [0, 4], [0, 0]]
SKEWED_WEIGHTS = [Q(1, 8), Q(1, 8), Q(1, 8), Q(1, 8), Q(1, 2)]


def exact_hessian(dim):
    return np.array(
        [[Q((3 * i * j + i + j) % 7 - 2, 1 + (i + j) % 3) for j in range(dim)] for i in range(dim)]
    )


@pytest.mark.parametrize(
    ("law", "points"),
    [
        *((Rademacher(d, 9), SIGNS[d]) for d in SIGNS),
        *((Coordinate(d, Q(36, d)), AXES[d]) for d in AXES),
        (
            RandomBlock(4, 2, Rademacher, Q(9, 2)),
            [[*v, 0, 0] for v in SIGNS[2]] + [[0, 0, *v] for v in SIGNS[2]],
        ),
    ],
)
def test_exactly_against_enumeration(law, points):
    hessian = exact_hessian(law.dim)
    total = sum((v @ hessian @ v) ** 2 * np.outer(v, v) for v in map(np.array, points))
    found = sixth_moment(law, hessian)
    assert found.tolist() == (total * Q(1, len(points))).tolist()
    assert odd_moments(law, hessian) is None


def test_odd_moments_of_a_skewed_law():
    law, h = Empirical(SKEWED, SKEWED_WEIGHTS), exact_hessian(2)
    third = sum(w * (v @ h @ v) * v for v, w in zip(map(np.array, SKEWED), SKEWED_WEIGHTS, strict=True))
    fifth = [
        sum(
            w * v[k] * (v @ h @ v) * np.outer(v, v)
            for v, w in zip(map(np.array, SKEWED), SKEWED_WEIGHTS, strict=True)
        ).tolist()
        for k in range(2)
    ]
    found = odd_moments(law, h)
    assert found is not None
    assert found[0].tolist() == third.tolist()
    assert found[1].tolist() == fifth
    mixed = odd_moments(Mixture([law, Rademacher(2)], [Q(1, 3), Q(2, 3)]), h)
    assert mixed is not None
    assert mixed[0].tolist() == (third / 3).tolist()
    # In a random block: the same inside each block, with probability 1/2.
    wide = exact_hessian(4)
    block = odd_moments(RandomBlock(4, 2, lambda m, delta: law, Q(3, 2)), wide)
    inner = odd_moments(law, wide[2:, 2:])
    assert block is not None
    assert inner is not None
    assert block[0][2:].tolist() == (inner[0] / 2).tolist()
    assert block[1][3, 2:, 2:].tolist() == (inner[1][1] / 2).tolist()
    assert not np.any(block[1][3, :2, :])


@pytest.mark.parametrize(
    "law",
    [
        Gaussian(3, Q(2, 3)),
        Sphere(3, Q(2, 3)),
        Rademacher(3, Q(2, 3)),
        Coordinate(3, Q(2, 3)),
        Mixture([Gaussian(3), Rademacher(3, 2)], [Q(1, 3), Q(2, 3)]),
    ],
)
def test_diagonal_form(law):
    h = np.array([Q(2), Q(-1), Q(1, 3)])
    k1, k2, k3, k4 = spectral_sixth(law)
    expected = k1 * h.sum() ** 2 + k2 * (h @ h) + k3 * h.sum() * h + k4 * h**2
    assert sixth_moment(law, np.diag(h)).tolist() == np.diag(expected).tolist()


class Unknown(Law):
    dim, delta = 2, 1

    def sample(self, n, rng):
        raise NotImplementedError

    def second_moment(self):
        return np.eye(2)

    def fourth_moment(self, matrix):
        return 2 * matrix + np.trace(matrix) * np.eye(2)

    def dimension_factor(self, a=None):
        return 4

    def norm_moment(self, k):
        raise NotImplementedError

    def norm_bound(self):
        return np.inf


def test_bad_input():
    with pytest.raises(InvalidArgument, match="sixth moment is not known"):
        sixth_moment(Unknown(), np.eye(2))
    with pytest.raises(InvalidArgument, match="sixth moment is not known"):
        odd_moments(Unknown(), np.eye(2))
    with pytest.raises(InvalidArgument, match="sixth moment is not known"):
        spectral_sixth(DAP([1, 0]))
    with pytest.raises(InvalidArgument, match="symmetric"):
        sixth_moment(Gaussian(2), [[1, 2], [0, 1]])
    with pytest.raises(InvalidArgument, match="shape"):
        sixth_moment(Gaussian(2), np.eye(3))
    with pytest.raises(InvalidArgument, match="law"):
        sixth_moment("gaussian", np.eye(3))


class HeavyTail(Gaussian):
    """Stands for an isotropic law whose sixth (or fourth) moment is infinite."""

    first = 3

    def norm_moment(self, k):
        return math.inf if k >= self.first else super().norm_moment(k)


class HeavierTail(HeavyTail):
    first = 2


def test_an_infinite_moment_is_named():
    law = HeavyTail(2)
    for ask in (
        lambda: sixth_moment(law, np.eye(2)),
        lambda: spectral_sixth(law),
        lambda: QuadraticDynamics([1, 2], law, 0.1, mu=0.1, difference="forward"),
        lambda: QuadraticDynamics([1, 2], law, 0.1, mu=0.1, difference="forward", reduced=False),
    ):
        with pytest.raises(InvalidArgument, match=r"^law = .*sixth moment .* is inf"):
            ask()
    assert QuadraticDynamics([1, 2], law, 0.1, mu=0.1).run([1, 1], 3).values[-1] > 0
    with pytest.raises(InvalidArgument, match=r"^law = .*fourth moment .* is inf"):
        QuadraticDynamics([1, 2], HeavierTail(2), 0.1)
