"""Arithmetic that leaves exact numbers exact and symbols symbolic."""

import math
from fractions import Fraction

import numpy as np

from zotheory.types import Matrix, Scalar
from zotheory.validation import is_expression, is_symbolic, quotient


def root(value: Scalar) -> Scalar:
    """Return the square root: exact for squares of rationals, a sympy root for sympy numbers, else a float.

    >>> root(Fraction(9, 4)), root(2), root(2.25)
    (Fraction(3, 2), 1.4142135623730951, 1.5)
    """
    if is_expression(value):
        from sympy import sqrt

        return sqrt(value)
    if isinstance(value, (int, Fraction)) and value >= 0:
        value = Fraction(value)
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return quotient(top, bottom)
    return math.sqrt(value)


def power(base: Scalar, exponent: Fraction) -> Scalar:
    """Return base ** exponent for a multiple of 1/2; of a half, exact where `root` is."""
    if exponent.denominator == 1:
        return base ** int(exponent)
    return root(base) ** exponent.numerator


def sine_squared(cosine: Scalar) -> Scalar:
    """Return 1 - cosine^2, for floats without cancellation near one."""
    if isinstance(cosine, (float, np.floating)):
        return (1 - cosine) * (1 + cosine)
    return 1 - cosine**2


def largest(values: list[Scalar]) -> Scalar:
    """Return the maximum, a sympy one if a value is symbolic."""
    if any(is_symbolic(value) for value in values):
        from sympy import Max

        return Max(*values)
    return max(values)


def times(factor: Scalar, matrix: Matrix) -> Matrix:
    """Return factor * matrix; integers that numpy's could not hold become Python's."""
    small = isinstance(factor, (float, np.floating)) or (isinstance(factor, int) and abs(factor) < 2**31)
    if matrix.dtype.kind == "i" and not small:
        matrix = matrix.astype(object)
    return factor * matrix


def settled(matrix: Matrix) -> Matrix:
    """Return an object array as floats if it has floats and no sympy entries among its numbers."""
    if matrix.dtype == object:
        entries = list(matrix.flat)
        if not any(map(is_expression, entries)) and any(
            isinstance(x, (float, np.floating)) for x in entries
        ):
            return matrix.astype(float)
    return matrix


def divided(matrix: Matrix, divisor: Scalar) -> Matrix:
    """Return matrix / divisor; the quotient of integers is a fraction."""
    if matrix.dtype.kind == "f":
        return matrix / divisor
    quotients = np.empty(matrix.size, dtype=object)
    quotients[:] = [quotient(entry, divisor) for entry in matrix.flat]
    return quotients.reshape(matrix.shape)
