"""Formulas with one square root, or with roots that occur as one product."""

from collections.abc import Sequence
from typing import Any


def linear_in_root(value: Any) -> tuple[Any, Any, Any]:
    """Return u, w, x with value = u + w sqrt(x), or three times None; x may be a product of radicands."""
    import sympy

    half = sympy.Rational(1, 2)
    powers = {item for item in sympy.sympify(value).atoms(sympy.Pow) if item.exp in (half, -half)}
    bases = sorted({item.base for item in powers if not item.base.is_number}, key=str)
    if not bases:
        return value, sympy.Integer(0), sympy.Integer(0)
    roots = [sympy.Dummy(f"root{i}", positive=True) for i in range(len(bases))]
    put = {sympy.sqrt(base): root for base, root in zip(bases, roots, strict=True)}
    put |= {1 / sympy.sqrt(base): 1 / root for base, root in zip(bases, roots, strict=True)}
    above, below = sympy.fraction(sympy.together(value.xreplace(put)))
    # a + b r over c + e r, r^2 = x, is (a + b r)(c - e r) over c^2 - e^2 x.
    try:
        a, b = _reduced(above, roots, bases)
        c, e = _reduced(below, roots, bases)
    except (sympy.PolynomialError, ValueError):
        return None, None, None
    product = sympy.Mul(*bases)
    norm = c**2 - e**2 * product
    return (a * c - b * e * product) / norm, (b * c - a * e) / norm, product


def _reduced(polynomial: Any, roots: Sequence[Any], squares: Sequence[Any]) -> tuple[Any, Any]:
    """Return a and b with polynomial = a + b times the product of the roots of the squares.

    Raises:
        ValueError: some roots occur without the others.
    """
    import sympy

    even, odd = sympy.Integer(0), sympy.Integer(0)
    for powers, coefficient in sympy.Poly(polynomial, *roots).terms():
        whole = sympy.Mul(coefficient, *(x ** (k // 2) for x, k in zip(squares, powers, strict=True)))
        parities = {k % 2 for k in powers}
        if len(parities) > 1:
            raise ValueError
        even, odd = (even + whole, odd) if parities == {0} else (even, odd + whole)
    return even, odd
