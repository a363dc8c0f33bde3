"""Finite twins: point sets with the same moments as a law, written down without its code.

A spherical 5-design has the moments of the uniform law up to degree five, and everything a law
promises is of degree four (fixed lengths aside). The 24-cell (d = 4) and the sign pair (d = 1) have
rational vertices, so those twins are exact; the icosahedron (d = 3) and the hexagon (d = 2) are not.
"""

import math
from fractions import Fraction as Q
from itertools import combinations, product

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    LowRank,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    SparseMask,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces, Whole

PAIR = [(1,), (-1,)]
HEXAGON = [(math.cos(k * math.pi / 3), math.sin(k * math.pi / 3)) for k in range(6)]
GOLDEN = (1 + 5**0.5) / 2
ICOSAHEDRON = [
    tuple(np.roll([0, s, t * GOLDEN], k) / math.hypot(1, GOLDEN))
    for k in range(3)
    for s in (1, -1)
    for t in (1, -1)
]
CELL24 = [
    *(tuple(s if i == j else 0 for j in range(4)) for i in range(4) for s in (1, -1)),
    *(tuple(Q(s, 2) for s in signs) for signs in product((1, -1), repeat=4)),
]
DESIGNS = {1: PAIR, 2: HEXAGON, 3: ICOSAHEDRON, 4: CELL24}
# For N(0, 3): degree five, and rational.
GAUSS3 = [(0, Q(2, 3)), (3, Q(1, 6)), (-3, Q(1, 6))]


def sphere(dim, radius):
    design = DESIGNS[dim]
    return [([radius * x for x in point], Q(1, len(design))) for point in design]


def joined(*groups):
    """Independent parts side by side: the product of weighted point sets."""
    out = [([], Q(1))]
    for group in groups:
        out = [(v + w, p * q) for v, p in out for w, q in group]
    return out


def mixed(*parts):
    return [(v, p * w) for p, group in parts for v, w in group]


def padded(group, before, after):
    return [([0] * before + v + [0] * after, w) for v, w in group]


def reflected(group, normal):
    """Householder reflection, rational for a rational normal."""
    square = sum(x * x for x in normal)
    out = []
    for v, w in group:
        inner = sum(x * y for x, y in zip(v, normal, strict=True))
        out.append(([x - Q(2) * inner * y / square for x, y in zip(v, normal, strict=True)], w))
    return out


def aligned(dim, along, across):
    """Fair sign times `along` on the first axis, a sphere of radius `across` in the others."""
    return joined(sphere(1, along), sphere(dim - 1, across))


def either(dim, p, along, across):
    """First axis with probability p, else its complement."""
    line, rest = padded(sphere(1, along), 0, dim - 1), padded(sphere(dim - 1, across), 1, 0)
    return mixed((p, line), (1 - p, rest))


def gaussian(dim):
    return joined(*([([x], w) for x, w in GAUSS3] for _ in range(dim)))


def signs(dim, radius):
    return [([radius * s for s in row], Q(1, 2**dim)) for row in product((1, -1), repeat=dim)]


def axes(dim, radius):
    return mixed(*((Q(1, dim), padded(sphere(1, radius), i, dim - 1 - i)) for i in range(dim)))


def blocks(count, group):
    m = len(group[0][0])
    return mixed(*((Q(1, count), padded(group, m * i, m * (count - 1 - i))) for i in range(count)))


def masks(dim, group):
    """Every choice of coordinates as likely, the points of the group on them."""
    m = len(group[0][0])
    chosen = list(combinations(range(dim), m))
    spread = lambda v, s: [v[s.index(i)] if i in s else 0 for i in range(dim)]  # noqa: E731
    return mixed(*((Q(1, len(chosen)), [(spread(v, s), w) for v, w in group]) for s in chosen))


def products(left, right):
    """Independent u and w: the entries of u w^T, row by row."""
    return [([x * y for x in u for y in w], p * q) for u, p in left for w, q in right]


def summed(group, other):
    return [([x + y for x, y in zip(v, w, strict=True)], p * q) for v, p in group for w, q in other]


NORMAL = [1, 2, -1, 3, 1]
MIRRORED = [-Q(v) for v in reflected([([1, 0, 0, 0, 0], 1)], NORMAL)[0][0]]  # the image of -e_1
SHELLS = [[4, 0], [0, 16], [4, 16]]
SHELL_WEIGHTS = [Q(1, 4), Q(1, 4), Q(1, 2)]
SHELL_TWIN = mixed(
    *(
        (w, joined(sphere(1, math.isqrt(q[0])), sphere(4, math.isqrt(q[1]))))
        for q, w in zip(SHELLS, SHELL_WEIGHTS, strict=True)
    )
)
P = Q(9, 25)

# name -> (law, weighted points)
EXACT = {
    "rademacher-3": (Rademacher(3, 4), signs(3, 2)),
    "rademacher-4": (Rademacher(4, Q(9, 4)), signs(4, Q(3, 2))),
    "coordinate-4": (Coordinate(4, 9), axes(4, 6)),
    "coordinate-3": (Coordinate(3, Q(4, 3)), axes(3, 2)),
    "sphere-4": (Sphere(4, Q(9, 4)), sphere(4, 3)),
    "frame-4": (OrthonormalFrame(4, batch=3, delta=9), sphere(4, 6)),
    "dap-1": (DAP([-3], 4), signs(1, 2)),
    "dap-2": (DAP([3, 4], 4), reflected(aligned(2, 2, 2), [1, -2])),
    "dap-5": (DAP([7, 0, 0, 0, 0], 4), aligned(5, 2, 4)),
    "dap-5-first": (DAP(FirstAxis(5), 4), aligned(5, 2, 4)),
    "dap-5-mirrored": (DAP(MIRRORED, Q(1, 4)), reflected(aligned(5, Q(1, 2), 1), NORMAL)),
    "two-atom-2": (TwoAtom([1, 0], P), either(2, P, Q(5, 3), Q(5, 4))),
    "two-atom-5": (TwoAtom([2, 0, 0, 0, 0], P, 9), either(5, P, 5, Q(15, 2))),
    "two-atom-5-mirrored": (TwoAtom(MIRRORED, P), reflected(either(5, P, Q(5, 3), Q(5, 2)), NORMAL)),
    "block-1-of-4": (RandomBlock(4, 1, delta=9), axes(4, 6)),
    "block-4-of-8": (RandomBlock(8, 4, delta=2), blocks(2, sphere(4, 4))),
    "block-all": (RandomBlock(4, 4, delta=4), sphere(4, 4)),
    "block-rademacher": (RandomBlock(6, 3, Rademacher, 2), blocks(2, signs(3, 2))),
    "block-coordinate": (RandomBlock(4, 2, Coordinate), blocks(2, axes(2, 2))),
    "block-gaussian": (RandomBlock(4, 2, Gaussian, Q(3, 2)), blocks(2, gaussian(2))),
    "block-dap": (RandomBlock(4, 2, lambda m, scale: DAP(FirstAxis(m), scale), 2), blocks(2, signs(2, 2))),
    "mask-1-of-4": (SparseMask(4, 1, delta=9), axes(4, 6)),
    "mask-2-of-4": (SparseMask(4, 2, "rademacher", 2), masks(4, signs(2, 2))),
    "mask-4-of-5": (SparseMask(5, 4, delta=5), masks(5, sphere(4, 5))),
    "mask-all": (SparseMask(3, 3, "rademacher", 4), signs(3, 2)),
    "mask-gaussian": (SparseMask(3, 2, "gaussian", 2), masks(3, gaussian(2))),
    "rank-1-4-by-1": (LowRank(4, 1, delta=Q(9, 4)), products(sphere(4, 3), sphere(1, 1))),
    "rank-1-1-by-4": (LowRank(1, 4, delta=Q(9, 4)), products(sphere(1, 3), sphere(4, 1))),
    "rank-1-gaussian": (LowRank(2, 2, factors="gaussian", delta=9), products(gaussian(2), gaussian(2))),
    "rank-2-gaussian": (
        LowRank(2, 1, 2, "gaussian", 18),
        summed(*[products(gaussian(2), gaussian(1))] * 2),
    ),
    # A fixed factor in R^1 is a sign, which a symmetric design does not need.
    "rank-2-4-by-1": (LowRank(4, 1, 2, delta=2), summed(sphere(4, 2), sphere(4, 2))),
    "rank-3-1-by-1": (LowRank(1, 1, 3, delta=3), summed(signs(1, 1), summed(signs(1, 1), signs(1, 1)))),
    "mixture": (
        Mixture([Rademacher(2), Coordinate(2, 2)], [Q(1, 3), Q(2, 3)]),
        mixed((Q(1, 3), signs(2, 1)), (Q(2, 3), axes(2, 2))),
    ),
    "mixture-zero-weight": (Mixture([Sphere(4, 4), Gaussian(4)], [1, 0]), sphere(4, 4)),
    "gaussian-1": (Gaussian(1, 3), gaussian(1)),
    "gaussian-3": (Gaussian(3, 3), gaussian(3)),
    "shells": (Shells(Contiguous((1, 4)), SHELLS, SHELL_WEIGHTS), SHELL_TWIN),
    "shells-axis": (Shells(Axis(MIRRORED), SHELLS, SHELL_WEIGHTS), reflected(SHELL_TWIN, NORMAL)),
    "shells-whole": (Shells(Whole(4), [[16]], [1]), sphere(4, 4)),
    "empirical": (Empirical(np.array([v for v, _ in signs(3, 2)])), signs(3, 2)),
    "empirical-weighted": (
        Empirical([[3, 0], [-3, 0], [0, 1], [0, -1]], [Q(1, 20), Q(1, 20), Q(9, 20), Q(9, 20)]),
        [([3, 0], Q(1, 20)), ([-3, 0], Q(1, 20)), ([0, 1], Q(9, 20)), ([0, -1], Q(9, 20))],
    ),
}  # fmt: skip

ROTATION, _ = np.linalg.qr(np.arange(25.0).reshape(5, 5) ** 2 % 7 + np.eye(5))
# Probabilities of importance blocks with sizes 1, 2, 3 and energies 1/10, 3/10, 6/10.
ROOTS = [math.sqrt(1 * 0.1), math.sqrt(2 * 0.3), math.sqrt(3 * 0.6)]
SHARES = [r / sum(ROOTS) for r in ROOTS]
GUIDE_P = 0.7 / (0.7 + math.sqrt(0.51 * 3))

FLOAT = {
    "sphere-2": (Sphere(2, 0.3), sphere(2, math.sqrt(0.6))),
    "sphere-3": (Sphere(3, 0.7), sphere(3, math.sqrt(2.1))),
    "dap-4": (DAP([0.5, 0, 0, 0], 0.7), aligned(4, math.sqrt(0.7), math.sqrt(2.1))),
    "dap-gaussian": (DAP(FirstAxis(4), 3, "gaussian"), joined(sphere(1, math.sqrt(3)), gaussian(3))),
    "two-atom-4": (
        TwoAtom(FirstAxis(4), 0.1, 0.5),
        either(4, 0.1, math.sqrt(0.5 / 0.1), math.sqrt(0.5 * 3 / 0.9)),
    ),
    "guided-4": (
        Guided(FirstAxis(4), 0.7, 0.5),
        either(4, GUIDE_P, math.sqrt(0.5 / GUIDE_P), math.sqrt(0.5 * 3 / (1 - GUIDE_P))),
    ),
    "importance": (
        ImportanceBlocks([1, 2, 3], [0.1, 0.3, 0.6], 0.4),
        mixed(
            *(
                (SHARES[b], padded(sphere(b + 1, math.sqrt(0.4 * (b + 1) / SHARES[b])), before, after))
                for b, (before, after) in enumerate([(0, 5), (1, 3), (3, 0)])
            )
        ),
    ),
    "mask-sphere": (SparseMask(4, 2, delta=0.7), masks(4, sphere(2, math.sqrt(2.8)))),
    "rank-1-2-by-2": (
        LowRank(2, 2, delta=0.7),
        products(sphere(2, math.sqrt(1.4)), sphere(2, math.sqrt(2))),
    ),
    "rank-1-3-by-2": (
        LowRank(3, 2, delta=0.7),
        products(sphere(3, math.sqrt(2.1)), sphere(2, math.sqrt(2))),
    ),
    "rank-2-2-by-2": (
        LowRank(2, 2, 2, delta=0.5),
        summed(*[products(sphere(2, 1), sphere(2, 1))] * 2),
    ),
    "dap-sphere-mixture": (
        Mixture([DAP(FirstAxis(4)), Sphere(4)], [0.25, 0.75]),
        mixed((0.25, aligned(4, 1, math.sqrt(3))), (0.75, sphere(4, 2))),
    ),
    "shells-eigenspaces": (
        Shells(Eigenspaces(ROTATION, (1, 4)), np.array(SHELLS, dtype=float), [0.25, 0.25, 0.5]),
        [((ROTATION @ np.array(v, dtype=float)).tolist(), w) for v, w in SHELL_TWIN],
    ),
}


@pytest.fixture(params=EXACT.values(), ids=EXACT.keys())
def exact_twin(request):
    return request.param


@pytest.fixture(params=FLOAT.values(), ids=FLOAT.keys())
def float_twin(request):
    return request.param


# Laws with finitely many lengths, which a twin of the right moments then has too.
BOUNDED = {
    name: pair
    for name, pair in {**EXACT, **FLOAT}.items()
    if "gaussian" not in name and not name.startswith(("rank-2", "rank-3"))
}


@pytest.fixture(params=BOUNDED.values(), ids=BOUNDED.keys())
def bounded_twin(request):
    return request.param


@pytest.fixture
def refused():
    """Check that a call raises InvalidArgument for the argument of this name, and can be shown."""

    def check(argument, function, *args):
        with pytest.raises(InvalidArgument) as caught:
            function(*args)
        assert argument in caught.value.argument
        assert caught.value.remedy in str(caught.value)

    return check


@pytest.fixture(scope="session")
def planar():
    return {
        "gaussian": Gaussian(2),
        "sphere": Sphere(2),
        "rademacher": Rademacher(2),
        "coordinate": Coordinate(2),
        "frame": OrthonormalFrame(2, 2),
        "dap": DAP([1, 2]),
        "dap-first": DAP(FirstAxis(2)),
        "two-atom": TwoAtom([1, 2], 0.5),
        "block": RandomBlock(2, 1),
        "importance": ImportanceBlocks([1, 1], [0.5, 0.5]),
        "empirical": Empirical([[1, 1], [1, -1]]),
        "mixture": Mixture([DAP([1, 2]), Coordinate(2)], [0.5, 0.5]),
        "mask": SparseMask(2, 1),
        "low-rank": LowRank(2, 1),
        "shells": Shells(Eigenspaces(np.eye(2), (1, 1)), [[1.0, 1.0]], [1.0]),
    }
