"""Rational functions through exact values, by linear algebra over the rationals: no rounding anywhere.

y = N/D with unknown coefficients is N(x) - y D(x) = 0 at every point, a homogeneous linear system. Its
solutions are sought among growing degrees, with more equations than unknowns: a formula that a generic
table of values does not satisfy, and the first one that is found has no common factor.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

# Equations beyond the unknowns that a fit must satisfy.
REDUNDANT = 2
# Largest power of a variable in a formula.
MOST_POWER = 4

Exponents = tuple[int, ...]
Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class RationalFunction:
    """A quotient of polynomials, each a mapping from exponents to coefficients."""

    numerator: dict[Exponents, Fraction]
    denominator: dict[Exponents, Fraction]

    def __call__(self, point: Row) -> Fraction | None:
        """Return the value at a point; None where the denominator vanishes."""
        below = _evaluate(self.denominator, point)
        return None if below == 0 else _evaluate(self.numerator, point) / below

    def expression(self, symbols: Sequence[Any]) -> Any:
        """Return it in symbols."""
        import sympy

        def polynomial(terms: dict[Exponents, Fraction]) -> Any:
            parts = [
                sympy.Rational(c.numerator, c.denominator)
                * sympy.Mul(*(x**k for x, k in zip(symbols, powers, strict=True)))
                for powers, c in terms.items()
            ]
            return sympy.Add(*parts)

        return sympy.factor(polynomial(self.numerator) / polynomial(self.denominator))


def fit_rational(points: Sequence[Row], values: Sequence[Fraction]) -> RationalFunction | None:
    """Return the rational function of least size through all points, or None.

    Args:
        points: rows of numbers, all of one length.
        values: one for each.

    Returns:
        A function with at least two coefficients fewer than there are points, that has every value.
    """
    if not points:
        return None
    spread = [len({row[i] for row in points}) for i in range(len(points[0]))]
    # A variable of few values is interpolated by anything with as many coefficients: one must be to spare.
    reach = [min(MOST_POWER, max(count - 2, 0)) for count in spread]
    shapes = sorted(itertools.product(*(range(top + 1) for top in reach)), key=_size)
    limit = len(points) - REDUNDANT
    size = lambda pair: _size(pair[0]) + _size(pair[1])  # noqa: E731
    pairs = [
        pair
        for pair in itertools.product(shapes, shapes)
        if size(pair) - 1 <= limit
        and all(a + b <= max(count - 2, 0) for a, b, count in zip(*pair, spread, strict=True))
    ]
    for above, below in sorted(pairs, key=lambda pair: (size(pair), sum(pair[1]))):
        found = _with_shape(points, values, above, below)
        if found is not None:
            return found
    return None


def _size(shape: Exponents) -> int:
    size = 1
    for top in shape:
        size *= top + 1
    return size


def _with_shape(
    points: Sequence[Row], values: Sequence[Fraction], above: Exponents, below: Exponents
) -> RationalFunction | None:
    tops, bottoms = _monomials(above), _monomials(below)
    vector = _null_vector([_equation(p, y, tops, bottoms) for p, y in zip(points, values, strict=True)])
    if vector is None:
        return None
    numerator = {m: c for m, c in zip(tops, vector, strict=False) if c}
    denominator = {m: c for m, c in zip(bottoms, vector[len(tops) :], strict=True) if c}
    if not denominator:
        return None
    found = RationalFunction(numerator, denominator)
    agrees = all(found(point) == value for point, value in zip(points, values, strict=True))
    return found if agrees else None


def _monomials(shape: Exponents) -> list[Exponents]:
    return list(itertools.product(*(range(top + 1) for top in shape)))


def _equation(point: Row, value: Fraction, tops: list[Exponents], bottoms: list[Exponents]) -> Row:
    left = [_evaluate({m: Fraction(1)}, point) for m in tops]
    right = [-value * _evaluate({m: Fraction(1)}, point) for m in bottoms]
    return (*left, *right)


def _evaluate(terms: dict[Exponents, Fraction], point: Row) -> Fraction:
    total = Fraction(0)
    for powers, coefficient in terms.items():
        for x, k in zip(point, powers, strict=True):
            coefficient = coefficient * x**k
        total += coefficient
    return total


def _null_vector(rows: Sequence[Row]) -> list[Fraction] | None:
    """Return a vector of the null space of a matrix, if that is a line."""
    import flint

    width = len(rows[0])
    entries = [flint.fmpq(x.numerator, x.denominator) for row in rows for x in row]
    reduced, rank = flint.fmpq_mat(len(rows), width, entries).rref()
    if rank != width - 1:
        return None
    table = [[Fraction(int(x.p), int(x.q)) for x in row] for row in reduced.tolist()[:rank]]
    pivots = [next(j for j, x in enumerate(row) if x) for row in table]
    (free,) = set(range(width)) - set(pivots)
    vector = [Fraction(0)] * width
    vector[free] = Fraction(1)
    for row, pivot in zip(table, pivots, strict=True):
        vector[pivot] = -row[free]
    return vector
