"""Exact sign of univariate polynomials with rational coefficients, the kernel of every certificate."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any


def nonnegative_on(coefficients: Sequence[Fraction], low: Fraction, high: Fraction | None) -> bool:
    """Return whether p(x) >= 0 for every real x in [low, high], decided exactly.

    Args:
        coefficients: rational coefficients, highest degree first.
        low: left end.
        high: right end, or None for infinity.

    >>> nonnegative_on([Fraction(1), Fraction(-2), Fraction(1)], Fraction(0), None)
    True
    >>> nonnegative_on([Fraction(1), Fraction(-2), Fraction(99, 100)], Fraction(0), None)
    False
    """
    from sympy import QQ, Poly, Symbol

    if high is not None and high < low:
        return True
    x = Symbol("x")
    p = Poly([QQ(c.numerator, c.denominator) for c in coefficients], x, domain=QQ)
    if p.is_zero:
        return True
    left = QQ(low.numerator, low.denominator)
    right = None if high is None else QQ(high.numerator, high.denominator)
    ends: list[Any] = [p.eval(left)] + ([] if right is None else [p.eval(right)])
    if any(end < 0 for end in ends):
        return False
    if right == left:
        return True
    # p changes sign exactly at its roots of odd multiplicity. So p >= 0 on the interval iff the
    # product g of those square-free factors has no root inside and p is positive somewhere inside.
    for factor, multiplicity in p.sqf_list()[1]:
        if multiplicity % 2 and _roots_inside(factor, left, right):
            return False
    return _sign_somewhere_inside(p, left, right) > 0


def _roots_inside(factor: Any, left: Any, right: Any) -> int:
    count = factor.count_roots(left, right)
    at_ends = [left] if right is None else [left, right]
    return int(count) - sum(factor.eval(end) == 0 for end in at_ends)


def _sign_somewhere_inside(p: Any, left: Any, right: Any) -> int:
    # A non-zero polynomial of degree D has at most D roots: of D + 1 points one is not a root.
    points = p.degree() + 1
    for index in range(1, points + 1):
        x = left + index if right is None else left + (right - left) * index / (points + 1)
        value = p.eval(x)
        if value != 0:
            return 1 if value > 0 else -1
    raise AssertionError("a non-zero polynomial cannot vanish at degree + 1 points")
