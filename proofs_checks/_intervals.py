"""The interval route: a residual is non-negative on its whole region, by rigorous arithmetic."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, fmpq

from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.rigorous import certify_nonnegative


def natural(expression: Any, symbols: tuple[sp.Symbol, ...]) -> Callable[..., arb]:
    """Return a polynomial with rational coefficients as a function of intervals, term by term."""
    terms = sp.Poly(sp.expand(expression), *symbols).terms()
    table = [(powers, fmpq(int(c.p), int(c.q))) for powers, c in terms]

    def function(*arguments: arb) -> arb:
        total = arb(0)
        for powers, coefficient in table:
            term = arb(coefficient)
            for x, power in zip(arguments, powers, strict=True):
                term *= x**power
            total += term
        return total

    return function


def enclosed(expression: Any, symbols: tuple[sp.Symbol, ...]) -> Callable[..., arb]:
    """Return a polynomial as a function of intervals by its mean value form.

    f(X) lies in f(c) + f'(X) (X - c): the excess shrinks with the square of the width, which a
    residual that touches zero needs.
    """
    at = natural(expression, symbols)
    slopes = [natural(sp.diff(expression, symbol), symbols) for symbol in symbols]

    def function(*arguments: arb) -> arb:
        centre = [x.mid() for x in arguments]
        parts = zip(slopes, arguments, centre, strict=True)
        return at(*centre) + sum((slope(*arguments) * (x - c) for slope, x, c in parts), arb(0))

    return function


def residual_in_plane(
    residual: Any, s: sp.Symbol, n: sp.Symbol, reach: Any, *, parts: tuple[str, ...] = ()
) -> Evidence:
    """Certify residual(s, n) >= -1/1000 for all 0 <= s <= n <= reach, for numeric coefficients."""
    return certify_nonnegative(
        enclosed(residual, (s, n)),
        [(0, Fraction(reach)), (0, Fraction(reach))],
        detail=f"residual {sp.expand(residual)} on 0 <= s <= n <= {reach}, an instance",
        falsifier="a point of the region where the residual is below -1/1000",
        tolerance=Fraction(1, 1000),
        region=[lambda x, y: y - x],
        parts=parts,
        scope=Scope.INSTANCE,
    )
