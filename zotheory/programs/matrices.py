"""Exact symmetric matrices over the rationals, and their positive semidefiniteness."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

RationalMatrix: TypeAlias = tuple[tuple[Fraction, ...], ...]


def rational(matrix: Any) -> RationalMatrix:
    """Return the symmetric part of a matrix with every float taken exactly."""
    rows = [[Fraction(x) for x in row] for row in np.asarray(matrix).tolist()]
    size = range(len(rows))
    return tuple(tuple((rows[i][j] + rows[j][i]) / 2 for j in size) for i in size)


def scaled_identity(size: int, value: Fraction) -> RationalMatrix:
    """Return value times the identity."""
    zero = Fraction(0)
    return tuple(tuple(value if i == j else zero for j in range(size)) for i in range(size))


def combine(terms: Sequence[tuple[Fraction, RationalMatrix]]) -> RationalMatrix:
    """Return sum_k c_k M_k."""
    size = range(len(terms[0][1]))
    return tuple(tuple(sum((c * m[i][j] for c, m in terms), Fraction(0)) for j in size) for i in size)


def trace(matrix: RationalMatrix) -> Fraction:
    """Return the trace."""
    return sum((matrix[i][i] for i in range(len(matrix))), Fraction(0))


def is_symmetric(matrix: RationalMatrix) -> bool:
    """Return whether a matrix is square and symmetric, exactly."""
    size = range(len(matrix))
    square = all(len(row) == len(matrix) for row in matrix)
    return square and all(matrix[i][j] == matrix[j][i] for i in size for j in size)


def is_unit_projector(matrix: RationalMatrix) -> bool:
    """Return whether a matrix is the orthogonal projector on a line, P = P^T = P^2 and tr P = 1."""
    if not is_symmetric(matrix) or trace(matrix) != 1:
        return False
    size = range(len(matrix))
    product = [[sum(matrix[i][k] * matrix[k][j] for k in size) for j in size] for i in size]
    return all(product[i][j] == matrix[i][j] for i in size for j in size)


def is_positive_semidefinite(matrix: RationalMatrix) -> bool:
    """Decide exactly whether a rational matrix is symmetric and positive semidefinite.

    Symmetric elimination (L D L^T): a negative pivot, or a zero pivot whose row is not zero, refutes.

    >>> one, two = Fraction(1), Fraction(2)
    >>> is_positive_semidefinite(((one, one), (one, one)))
    True
    >>> is_positive_semidefinite(((one, two), (two, one)))
    False
    """
    if not is_symmetric(matrix):
        return False
    rows = [list(row) for row in matrix]
    size = len(rows)
    for k in range(size):
        pivot = rows[k][k]
        if pivot < 0 or (pivot == 0 and any(rows[k][j] for j in range(k + 1, size))):
            return False
        if pivot == 0:
            continue
        for i in range(k + 1, size):
            factor = rows[i][k] / pivot
            if factor:
                for j in range(i, size):
                    rows[i][j] -= factor * rows[k][j]
                    rows[j][i] = rows[i][j]
    return True
