"""Laws with finitely many rational atoms: every expectation is a finite sum of fractions.

This route shares nothing with the package's laws or symbolic derivations.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from zotheory.errors import NotUnbiased

Point = tuple[Fraction, ...]
Atoms = list[tuple[Fraction, Point]]

ONE = Fraction(1)
# Rational orthogonal matrices; rows are orthonormal.
ROTATION = {
    2: ((Fraction(3, 5), Fraction(4, 5)), (Fraction(-4, 5), Fraction(3, 5))),
    3: tuple(tuple(Fraction(x, 3) for x in row) for row in ((1, 2, 2), (2, 1, -2), (2, -2, 1))),
}


def dot(x: Sequence[Any], y: Sequence[Any]) -> Any:
    """Return the scalar product."""
    return sum((p * q for p, q in zip(x, y, strict=True)), start=Fraction(0))


def expectation(atoms: Atoms, function: Callable[[Point], Any]) -> Any:
    """Return the sum of weight * function(point)."""
    return sum((weight * function(point) for weight, point in atoms), start=Fraction(0))


def scale_of(atoms: Atoms) -> Fraction:
    """Return delta, having verified that E[v v^T] = delta I exactly.

    Raises:
        NotUnbiased: the weights or the second moments are wrong.
    """
    size = len(atoms[0][1])
    table = [
        [expectation(atoms, lambda v, i=i, j=j: v[i] * v[j]) for j in range(size)] for i in range(size)
    ]
    delta = table[0][0]
    isotropic = table == [[delta * (i == j) for j in range(size)] for i in range(size)]
    weights = [weight for weight, _ in atoms]
    if not isotropic or sum(weights) != 1 or min(weights) < 0:
        raise NotUnbiased(f"the atoms are not a delta-unbiased law: E[v v^T] = {table}")
    return delta


def s_of(a: Sequence[Fraction]) -> Callable[[Point], Fraction]:
    """Return v -> s = (a.v)^2 / |a|^2."""
    return lambda v: dot(a, v) ** 2 / dot(a, a)


def n_of(v: Point) -> Fraction:
    """Return n = |v|^2."""
    return dot(v, v)


def energy_product(atoms: Atoms, a: Sequence[Fraction]) -> Fraction:
    """Return V = E[s n]."""
    s = s_of(a)
    return expectation(atoms, lambda v: s(v) * n_of(v))


def error_covariance(atoms: Atoms, a: Sequence[Fraction]) -> list[list[Fraction]]:
    """Return E[g g^T] - delta^2 a a^T of g = v (v.a), divided by delta^2."""
    delta, size = scale_of(atoms), len(a)
    return [
        [
            expectation(atoms, lambda v, i=i, j=j: dot(a, v) ** 2 * v[i] * v[j]) / delta**2 - a[i] * a[j]
            for j in range(size)
        ]
        for i in range(size)
    ]


def sign_vectors(size: int) -> Atoms:
    """Return the Rademacher law, delta = 1."""
    points = list(product((ONE, -ONE), repeat=size))
    return [(Fraction(1, len(points)), point) for point in points]


def coordinate_vectors(size: int) -> Atoms:
    """Return +-e_i with equal probability, delta = 1/size."""
    return [
        (Fraction(1, 2 * size), tuple(sign * (i == j) for j in range(size)))
        for i in range(size)
        for sign in (ONE, -ONE)
    ]


def three_point_product(size: int) -> Atoms:
    """Return independent entries 0, 1, -1 with probabilities 2/3, 1/6, 1/6; delta = 1/3.

    E[x^2] = E[x^4] = 1/3 are those of N(0, 1/3) (the three-point Gauss-Hermite rule), so every moment
    of the vector up to order five is that of the Gaussian law.
    """
    entry = ((Fraction(2, 3), Fraction(0)), (Fraction(1, 6), ONE), (Fraction(1, 6), -ONE))
    atoms: Atoms = []
    for choice in product(entry, repeat=size):
        weight = ONE
        for probability, _ in choice:
            weight *= probability
        atoms.append((weight, tuple(value for _, value in choice)))
    return atoms


def circle_design() -> Atoms:
    """Return twelve rational points of the unit circle with every moment of its uniform law up to 5.

    Odd moments vanish by symmetry; E[x^2 y^2] = 1/8 fixes the weights, and E[x^4] = 3/8 follows.
    """
    axis, oblique = Fraction(1054, 9216), Fraction(625, 9216)
    atoms: Atoms = [(axis, point) for _, point in coordinate_vectors(2)]
    for x, y in ((Fraction(3, 5), Fraction(4, 5)), (Fraction(4, 5), Fraction(3, 5))):
        atoms += [(oblique, (p * x, q * y)) for p, q in product((1, -1), repeat=2)]
    return atoms


def four_sphere_design() -> Atoms:
    """Return 24 points of the sphere |v|^2 = 4 in R^4 with its moments up to order five; delta = 1.

    Eight axis points of total weight 1/3 and sixteen sign vectors of weight 2/3: then
    E[v_1^4] = 2 = 3 E[v_1^2 v_2^2], as rotation invariance requires. (The 24-cell.)
    """
    axes = [(w / 3, tuple(2 * x for x in v)) for w, v in coordinate_vectors(4)]
    return axes + [(2 * w / 3, v) for w, v in sign_vectors(4)]


def rotated(atoms: Atoms, rows: Sequence[Sequence[Fraction]]) -> Atoms:
    """Return the law of sum_i v_i rows[i]."""
    columns = list(zip(*rows, strict=True))
    return [(w, tuple(dot(column, v) for column in columns)) for w, v in atoms]


def mixture(first: Atoms, second: Atoms, weight: Fraction) -> Atoms:
    """Return the first law with probability ``weight``, else the second."""
    return [(weight * w, v) for w, v in first] + [((1 - weight) * w, v) for w, v in second]


def scaled(atoms: Atoms, factor: Fraction) -> Atoms:
    """Return the law of factor * v."""
    return [(w, tuple(factor * x for x in v)) for w, v in atoms]


def aligned(complement: Atoms) -> Atoms:
    """Return (xi, w): a fair sign in the first entry, an independent complement; its delta must be 1."""
    return [(w / 2, (sign, *v)) for w, v in complement for sign in (ONE, -ONE)]


def unequal_axes(rows: Sequence[Sequence[Fraction]]) -> Atoms:
    """Return +-3 rows[0], +-(3/2) rows[1] or +-(3/2) rows[2], the rarer axis being longer; delta = 1.

    Axis i has probability p_i = 1/r_i^2 and length r_i, with 1/9 + 4/9 + 4/9 = 1.
    """
    lengths = (Fraction(3), Fraction(3, 2), Fraction(3, 2))
    return [
        (1 / (2 * r**2), tuple(sign * r * x for x in row))
        for r, row in zip(lengths, rows, strict=True)
        for sign in (1, -1)
    ]


def padded_block(inner: Atoms, blocks: int) -> Atoms:
    """Return a uniformly random one of ``blocks`` consecutive blocks with the inner law inside."""
    size = len(inner[0][1])
    zero = (Fraction(0),) * size
    return [
        (w / blocks, tuple(x for k in range(blocks) for x in (v if k == b else zero)))
        for b in range(blocks)
        for w, v in inner
    ]


def complements(size: int) -> dict[str, Atoms]:
    """Return different laws with delta = 1 to put into a complement: fixed, varying, skewed lengths."""
    spread = [(Fraction(1, 8), Fraction(2)), (Fraction(1, 8), Fraction(-2)), (Fraction(3, 4), Fraction(0))]
    first_wild = [(p / 2 ** (size - 1), (x, *v[1:])) for p, x in spread for _, v in _half(size)]
    skewed = [(Fraction(4, 5), Fraction(1, 2)), (Fraction(1, 5), Fraction(-2))]
    lopsided = [(p / 2 ** (size - 1), (x, *v[1:])) for p, x in skewed for _, v in _half(size)]
    return {"signs": sign_vectors(size), "varying length": first_wild, "skewed": lopsided}


def _half(size: int) -> Atoms:
    return [(w, v) for w, v in sign_vectors(size) if v[0] == 1]
