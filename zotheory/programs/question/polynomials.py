"""Polynomials with rational coefficients in several variables, from sympy expressions."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray

Exponents: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = Mapping[Exponents, Fraction]

# Beyond it the semidefinite programs have too many entries.
MOST_DEGREE = 12


def read_polynomial(expression: Any, variables: Sequence[Any], name: str) -> dict[Exponents, Fraction]:
    """Return an expression as a polynomial; a float stands for the decimal that it prints as.

    Raises:
        InvalidArgument: not a polynomial in the variables with real rational coefficients, or of degree
            above 12.
    """
    import sympy
    from sympy.polys.polyerrors import BasePolynomialError

    names = ", ".join(map(str, variables))
    try:
        exact = sympy.nsimplify(sympy.sympify(expression, strict=True), rational=True)
        terms: Any = sympy.Poly(exact, *variables, domain="QQ").terms()
    except (sympy.SympifyError, BasePolynomialError, TypeError, ValueError, AttributeError) as error:
        remedy = f"give a polynomial in {names} with rational coefficients, a sympy expression"
        raise InvalidArgument(name, str(expression), remedy) from error
    found = {powers: Fraction(int(c.p), int(c.q)) for powers, c in terms if c != 0}
    if degree(found) > MOST_DEGREE:
        raise InvalidArgument(name, str(expression), f"give a polynomial of degree at most {MOST_DEGREE}")
    return found


def degree(polynomial: Polynomial) -> int:
    """Return the total degree; 0 for the zero polynomial."""
    return max((sum(powers) for powers in polynomial), default=0)


def combined(parts: Sequence[tuple[Fraction, Polynomial]]) -> dict[Exponents, Fraction]:
    """Return sum_k c_k p_k."""
    total: dict[Exponents, Fraction] = {}
    for factor, polynomial in parts:
        for powers, c in polynomial.items():
            total[powers] = total.get(powers, Fraction(0)) + factor * c
    return {powers: c for powers, c in total.items() if c}


def product(first: Polynomial, second: Polynomial) -> dict[Exponents, Fraction]:
    """Return p q."""
    total: dict[Exponents, Fraction] = {}
    for left, a in first.items():
        for right, b in second.items():
            powers = tuple(x + y for x, y in zip(left, right, strict=True))
            total[powers] = total.get(powers, Fraction(0)) + a * b
    return {powers: c for powers, c in total.items() if c}


def rescaled(polynomial: Polynomial, scales: Sequence[Fraction]) -> dict[Exponents, Fraction]:
    """Return y -> p(scales * y)."""
    out = {}
    for powers, c in polynomial.items():
        for scale, k in zip(scales, powers, strict=True):
            c = c * scale**k
        out[powers] = c
    return out


def largest(polynomial: Polynomial) -> Fraction:
    """Return the largest size of a coefficient; 1 for the zero polynomial."""
    return max((abs(c) for c in polynomial.values()), default=Fraction(1))


def at_points(polynomial: Polynomial, points: FloatArray) -> FloatArray:
    """Return the values at rows of points, in floating point."""
    total = np.zeros(len(points))
    for powers, c in polynomial.items():
        total = total + float(c) * np.prod(points ** np.array(powers), axis=1)
    return total


def at_exact(polynomial: Polynomial, point: Sequence[Fraction]) -> Fraction:
    """Return the value at a point."""
    total = Fraction(0)
    for powers, c in polynomial.items():
        for x, k in zip(point, powers, strict=True):
            c = c * x**k
        total += c
    return total


def monomials(variables: int, most: int) -> list[Exponents]:
    """Return all exponents of total degree at most ``most``, lowest degree first."""
    found: list[Exponents] = [()]
    for _ in range(variables):
        found = [(*powers, k) for powers in found for k in range(most + 1 - sum(powers))]
    return sorted(found, key=lambda powers: (sum(powers), powers))


class Compiled:
    """A polynomial and its gradient in floating point, quick at one point.

    Args:
        polynomial: what to evaluate.
        variables: how many there are.
    """

    def __init__(self, polynomial: Polynomial, variables: int) -> None:
        self.exponents = np.array(list(polynomial), dtype=int).reshape(len(polynomial), variables)
        self.coefficients = np.array([float(c) for c in polynomial.values()])
        self.top = int(self.exponents.max(initial=0))
        # Row i of the derivatives: the exponents with the i-th lowered, and what comes down.
        self.lowered = [np.maximum(self.exponents - row, 0) for row in np.eye(variables, dtype=int)]
        self.falling = (self.exponents * self.coefficients[:, None]).T

    def value(self, x: FloatArray) -> float:
        """Return p(x), x of shape (k,)."""
        return float(self.coefficients @ self._monomials(x, self.exponents))

    def slope(self, x: FloatArray) -> FloatArray:
        """Return the gradient at x."""
        pairs = zip(self.falling, self.lowered, strict=True)
        return np.array([c @ self._monomials(x, exponents) for c, exponents in pairs])

    def _monomials(self, x: FloatArray, exponents: NDArray[np.int_]) -> FloatArray:
        powers = x[None, :] ** np.arange(self.top + 1)[:, None]
        return powers[exponents, np.arange(len(x))].prod(axis=1)
