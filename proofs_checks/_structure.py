"""Symbols, rational atoms and pairings for structured perturbations: masks, low rank, v = P u."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product

import sympy as sp

from proofs_checks import _designs as designs
from zotheory.derive.moments import gaussian_moment, sphere_moment

ROWS, COLUMNS, RANK, SIZE = sp.symbols("p q r k", integer=True, positive=True)
# tr((A^T A)^2) / |A|^4 of the gradient as a matrix: from 1/min(p, q) to 1, which is rank one.
PHI = sp.Symbol("phi", positive=True)

READING = "the structures and words are our reading of arXiv 2501.19099, as summarised"

# The three ways to pair four factors, and the two kinds of law with rotation-invariant factors.
PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
KINDS = ("gaussian", "sphere")


def factor_moments(kind: str, size: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return (E[x^4], E[x^2 y^2]) of two entries of a factor with E[x^2] = 1, by integration."""
    if kind == "gaussian":
        return gaussian_moment((4, 0)), gaussian_moment((2, 2))
    return sphere_moment((4, 0), size, size), sphere_moment((2, 2), size, size)


def masked(inner: designs.Atoms, size: int) -> designs.Atoms:
    """Return the law of a uniformly random set of coordinates with the inner law on it."""
    sets = list(combinations(range(size), len(inner[0][1])))
    return [
        (w / len(sets), tuple(v[chosen.index(i)] if i in chosen else Fraction(0) for i in range(size)))
        for chosen in sets
        for w, v in inner
    ]


def outer(left: designs.Atoms, right: designs.Atoms) -> designs.Atoms:
    """Return the law of the entries of u w^T, row by row, for independent u and w."""
    return [(p * q, tuple(x * y for x in u for y in w)) for p, u in left for q, w in right]


def independent_sum(first: designs.Atoms, second: designs.Atoms) -> designs.Atoms:
    """Return the law of the sum of independent vectors."""
    return [(p * q, tuple(x + y for x, y in zip(u, v, strict=True))) for p, u in first for q, v in second]


def circle() -> designs.Atoms:
    """Return the rational points of the circle |u|^2 = 1 with its moments up to order five, gathered."""
    gathered: dict[designs.Point, Fraction] = {}
    for weight, point in designs.circle_design():
        gathered[point] = gathered.get(point, Fraction(0)) + weight
    return [(weight, point) for point, weight in gathered.items()]


def mapped(inner: designs.Atoms, rows: Sequence[Sequence[Fraction]]) -> designs.Atoms:
    """Return the law of P u, P given by its rows."""
    return [(w, tuple(designs.dot(row, u) for row in rows)) for w, u in inner]


def form(matrix: Sequence[Sequence[Fraction]], x: Sequence[Fraction]) -> Fraction:
    """Return x^T H x."""
    return designs.dot(x, [designs.dot(row, x) for row in matrix])


def joined(pairing: Sequence[Sequence[int]], extra: Sequence[Sequence[int]]) -> list[set[int]]:
    """Return the sets into which the pairs of both lists join the indices 0 to 3."""
    groups = [{i} for i in range(4)]
    for i, j in (*pairing, *extra):
        first = next(group for group in groups if i in group)
        second = next(group for group in groups if j in group)
        if first is not second:
            groups.remove(second)
            first |= second
    return groups


def grid(values: Sequence[int], size: int) -> Iterator[designs.Point]:
    """Yield the non-zero points of a grid, the first non-zero entry positive."""
    for point in product(values, repeat=size):
        lead = next((x for x in point if x), 0)
        if lead > 0:
            yield tuple(map(Fraction, point))
