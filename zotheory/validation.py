"""Checks of arguments shared by laws and programs: exact, symbolic and float inputs alike."""

import math
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import Matrix, Scalar, Vector


def is_symbolic(value: object) -> bool:
    """Return whether ``value`` is a sympy expression with free symbols (without importing sympy)."""
    return bool(getattr(value, "free_symbols", None))


def quotient(numerator: Scalar, denominator: Scalar) -> Scalar:
    """Divide without leaving exact arithmetic: two integers give a `Fraction`.

    >>> quotient(10, 4), quotient(10, 5), quotient(1.0, 4)
    (Fraction(5, 2), 2, 0.25)
    """
    exact = (int, np.integer, Fraction)
    if isinstance(numerator, exact) and isinstance(denominator, exact):
        value = Fraction(numerator) / Fraction(denominator)  # type: ignore[arg-type]
        return int(value) if value.denominator == 1 else value
    return numerator / denominator


def is_number(value: object) -> bool:
    """Return whether ``value`` is a real number (bool excluded), exact or floating, or symbolic."""
    if isinstance(value, bool):
        return False
    return isinstance(value, Real) or hasattr(value, "is_real")


def check_dim(dim: Scalar, name: str = "dim") -> Scalar:
    """Return a dimension: an integer of at least one, or a symbol.

    Raises:
        InvalidArgument: anything else.
    """
    if is_symbolic(dim):
        return dim
    whole = isinstance(dim, (int, np.integer)) or getattr(dim, "is_Integer", False)
    if isinstance(dim, bool) or not whole or dim < 1:
        raise InvalidArgument(name, dim, "give an integer of at least 1, or a sympy symbol")
    return int(dim)


def check_positive(value: Scalar, name: str) -> Scalar:
    """Return a finite number above zero, or a symbol not known to be otherwise.

    Raises:
        InvalidArgument: zero, negative, infinite, NaN, or not a number.
    """
    if is_symbolic(value):
        if getattr(value, "is_positive", None) is False:
            raise InvalidArgument(name, value, "declare the symbol positive")
        return value
    if not is_number(value) or not math.isfinite(float(value)) or not value > 0:
        raise InvalidArgument(name, value, "give a finite number above 0")
    return value


def check_fraction(value: Scalar, name: str, *, open_interval: bool) -> Scalar:
    """Return a number in [0, 1], or in (0, 1) when ``open_interval``, or a symbol.

    Raises:
        InvalidArgument: a number outside.
    """
    if is_symbolic(value):
        return value
    shown = "(0, 1)" if open_interval else "[0, 1]"
    if not is_number(value) or not math.isfinite(float(value)):
        raise InvalidArgument(name, value, f"give a number in {shown}")
    inside = 0 < value < 1 if open_interval else 0 <= value <= 1
    if not inside:
        raise InvalidArgument(name, value, f"give a number in {shown}")
    return value


def check_vector(vector: Any, name: str, dim: Scalar | None = None) -> Vector:
    """Return a non-zero finite vector as an array; exact and symbolic entries stay as they are.

    Raises:
        InvalidArgument: not one-dimensional, of the wrong length, zero, or with NaN or infinity.
    """
    array = np.asarray(vector)
    if array.ndim == 2 and 1 in array.shape and array.dtype == object:
        array = array.reshape(-1)  # sympy column or row matrices
    if array.ndim != 1 or array.size == 0:
        raise InvalidArgument(name, vector, "give a one-dimensional, non-empty vector")
    if dim is not None and not is_symbolic(dim) and array.size != dim:
        raise InvalidArgument(
            name, vector, f"it has length {array.size} but the dimension is {dim}: make them equal"
        )
    if array.dtype != object:
        array = array if np.issubdtype(array.dtype, np.integer) else array.astype(float)
        if not np.all(np.isfinite(array)):
            raise InvalidArgument(name, vector, "every entry must be finite")
    if not np.any(array != 0):
        raise InvalidArgument(name, vector, "give a non-zero vector; zero has no direction")
    # Python integers do not overflow when squared; numpy's do.
    return array.astype(object) if np.issubdtype(array.dtype, np.integer) else array


def check_symmetric(matrix: Any, name: str, dim: Scalar) -> Matrix:
    """Return a symmetric (dim, dim) matrix as an array.

    Raises:
        InvalidArgument: a symbolic dimension, the wrong shape, or not symmetric.
    """
    size = numeric_dim(dim)
    array = np.asarray(matrix)
    if array.shape != (size, size):
        raise InvalidArgument(name, matrix, f"give a symmetric matrix of shape ({size}, {size})")
    if array.dtype == object:
        symmetric = bool(np.all(array == array.T))
    else:
        symmetric = bool(np.allclose(array, array.T, rtol=1e-12, atol=0.0))
    if not symmetric:
        raise InvalidArgument(name, matrix, "give a symmetric matrix, for example (B + B.T) / 2")
    return array


def numeric_dim(dim: Scalar) -> int:
    """Return the dimension as an integer, for matrices and samples.

    Raises:
        InvalidArgument: a symbolic dimension.
    """
    if is_symbolic(dim):
        raise InvalidArgument(
            "dim", dim, "matrices and samples need an integer; scalar moments also take a symbol"
        )
    return int(dim)


def to_float(value: Scalar, name: str) -> float:
    """Return ``value`` as a float.

    Raises:
        InvalidArgument: a symbolic value.
    """
    if is_symbolic(value):
        raise InvalidArgument(name, value, "sampling needs a number, not a symbol")
    return float(value)


def check_weights(weights: Any, name: str, size: int) -> Vector:
    """Return non-negative weights that sum to one.

    Raises:
        InvalidArgument: the wrong number of weights, a negative one, or a sum other than one.
    """
    array = np.asarray(weights)
    if array.shape != (size,):
        raise InvalidArgument(name, weights, f"give {size} weights, one for each")
    if array.dtype != object:
        array = array.astype(float)
        if not np.all(np.isfinite(array)):
            raise InvalidArgument(name, weights, "every weight must be finite")
    if any(not is_symbolic(w) and w < 0 for w in array):
        raise InvalidArgument(name, weights, "every weight must be at least 0")
    total = sum(array)
    if not is_symbolic(total) and abs(float(total) - 1.0) > 1e-12 * size:
        raise InvalidArgument(name, weights, f"they sum to {float(total):.17g}: divide them by that sum")
    return array


def check_count(count: Any, name: str) -> int:
    """Return a sample size: an integer of at least one.

    Raises:
        InvalidArgument: anything else.
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise InvalidArgument(name, count, "give an integer of at least 1")
    return int(count)
