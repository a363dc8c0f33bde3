"""Checks of arguments shared by laws and programs: exact, symbolic and float inputs alike."""

import math
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import Matrix, Scalar, Vector

# Scales and probabilities stay in this range, so that the sixth powers of |v| which the theory needs
# neither overflow nor vanish. No generality is lost: (v, delta) -> (c v, c^2 delta) is a symmetry.
SMALLEST, LARGEST = 1e-40, 1e40
# Beyond it floats do not hold every integer.
LARGEST_DIM = 2**53


def is_symbolic(value: object) -> bool:
    """Return whether ``value`` is a sympy expression with free symbols (without importing sympy)."""
    return bool(getattr(value, "free_symbols", None)) and is_expression(value)


def is_expression(value: object) -> bool:
    """Return whether ``value`` is a sympy number or scalar expression (without importing sympy)."""
    scalar = getattr(value, "is_scalar", False) is True
    return scalar and hasattr(value, "is_real") and not isinstance(value, type)


def quotient(numerator: Scalar, denominator: Scalar) -> Scalar:
    """Divide without leaving exact arithmetic: two integers give a `Fraction`.

    >>> quotient(10, 4), quotient(10, 5), quotient(1.0, 4)
    (Fraction(5, 2), 2, 0.25)
    """
    exact = (int, np.integer, Fraction)
    if isinstance(numerator, exact) and isinstance(denominator, exact):
        value = Fraction(numerator) / Fraction(denominator)  # type: ignore[arg-type]
        return int(value) if value.denominator == 1 else value
    value = numerator / denominator
    return float(value) if isinstance(value, np.floating) else value


def as_real(value: Any) -> Any:
    """Return a finite real number or a symbolic expression, numpy's types as Python's; else None."""
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (int, Fraction)):
        return value
    if is_expression(value):
        impossible = value.is_real is False or value.is_finite is False
        unknown = not is_symbolic(value) and not (value.is_real and value.is_finite)
        return None if impossible or unknown else value
    if isinstance(value, Real):
        if not math.isfinite(value):
            return None
        return float(value) if isinstance(value, (float, np.floating)) else value
    return None


def is_number(value: object) -> bool:
    """Return whether ``value`` is a finite real number (bool excluded), exact or floating, or symbolic."""
    return as_real(value) is not None


def check_dim(dim: Scalar, name: str = "dim") -> Scalar:
    """Return a dimension: an integer from 1 to 2^53, or a symbol.

    Raises:
        InvalidArgument: anything else.
    """
    remedy = "give an integer of at least 1 (at most 2**53), or a sympy symbol"
    value = as_real(dim)
    if is_symbolic(value):
        if value.is_positive is False or value.is_integer is False:
            raise InvalidArgument(name, dim, "declare the symbol a positive integer")
        return value
    whole = isinstance(value, int) or getattr(value, "is_Integer", False)
    if not whole or not 1 <= value <= LARGEST_DIM:
        raise InvalidArgument(name, dim, remedy)
    return int(value)


def check_positive(value: Scalar, name: str) -> Scalar:
    """Return a number from 1e-40 to 1e40, or a symbol not known to be zero or negative.

    Raises:
        InvalidArgument: zero, negative, infinite, NaN, not a real number, or outside the range.
    """
    number = as_real(value)
    if is_symbolic(number):
        if number.is_positive is False:
            raise InvalidArgument(name, value, "declare the symbol positive")
        return number
    if number is None or not number > 0:
        raise InvalidArgument(name, value, "give a finite number above 0")
    if not SMALLEST <= number <= LARGEST:
        raise InvalidArgument(
            name, value, f"give a number from {SMALLEST} to {LARGEST}: rescale v by c and delta by c^2"
        )
    return number


def check_fraction(value: Scalar, name: str, *, open_interval: bool) -> Scalar:
    """Return a number in [0, 1], or in (0, 1) when ``open_interval``, or a symbol.

    Raises:
        InvalidArgument: a number outside, or inside the open interval but within 1e-40 of an end.
    """
    number = as_real(value)
    shown = "(0, 1)" if open_interval else "[0, 1]"
    if is_symbolic(number):
        if number.is_negative or (open_interval and number.is_positive is False):
            raise InvalidArgument(name, value, f"the symbol must stand for a number in {shown}")
        return number
    inside = number is not None and (0 < number < 1 if open_interval else 0 <= number <= 1)
    if number is None or not inside:
        raise InvalidArgument(name, value, f"give a number in {shown}")
    if open_interval and not (number >= SMALLEST and 1 - number >= SMALLEST):
        raise InvalidArgument(name, value, f"keep at least {SMALLEST} away from 0 and 1")
    return number


def check_array(values: Any, name: str, remedy: str) -> Vector:
    """Return finite real entries as an array of floats, or of Python objects if exact or symbolic.

    Integers become Python's, which do not overflow. One float among exact numbers makes all floats.

    Raises:
        InvalidArgument: ragged, or an entry that is not a finite real number or an expression.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(name, values, remedy) from error
    if array.dtype.kind in "iu":
        return array.astype(object)
    if array.dtype.kind == "f":
        array = array.astype(float, copy=False)
        if not np.all(np.isfinite(array)):
            raise InvalidArgument(name, values, "every entry must be finite")
        return array
    entries = [as_real(value) for value in array.flat] if array.dtype == object else [None]
    if any(entry is None for entry in entries):
        raise InvalidArgument(name, values, f"{remedy}; every entry a finite real number")
    exact = all(isinstance(entry, (int, Fraction)) for entry in entries)
    symbolic = any(is_expression(entry) for entry in entries)
    filled = np.empty(array.size, dtype=object if exact or symbolic else float)
    filled[:] = entries
    return filled.reshape(array.shape)


def check_vector(vector: Any, name: str, dim: Scalar | None = None) -> Vector:
    """Return a non-zero finite vector as an array; exact and symbolic entries stay as they are.

    Raises:
        InvalidArgument: not one-dimensional, of the wrong length, zero, or not of finite numbers.
    """
    array = check_array(vector, name, "give a one-dimensional, non-empty vector")
    if array.ndim == 2 and 1 in array.shape and hasattr(vector, "free_symbols"):
        array = array.reshape(-1)  # sympy column or row matrices
    if array.ndim != 1 or array.size == 0:
        raise InvalidArgument(name, vector, "give a one-dimensional, non-empty vector")
    if dim is not None and not is_symbolic(dim) and array.size != dim:
        raise InvalidArgument(
            name, vector, f"it has length {array.size} but the dimension is {dim}: make them equal"
        )
    if not np.any(array != 0):
        raise InvalidArgument(name, vector, "give a non-zero vector; zero has no direction")
    return array


def check_symmetric(matrix: Any, name: str, dim: Scalar) -> Matrix:
    """Return a symmetric (dim, dim) matrix as an array, made exactly so within 1e-12 of its largest entry.

    Raises:
        InvalidArgument: a symbolic dimension, the wrong shape, not symmetric, or not of finite numbers.
    """
    shape = (numeric_dim(dim),) * 2
    array = check_array(matrix, name, f"give a symmetric matrix of shape {shape}")
    if array.shape != shape:
        raise InvalidArgument(name, matrix, f"give a symmetric matrix of shape {shape}")
    if any(abs(x) > 1e100 for x in array.flat if not is_symbolic(x)):
        raise InvalidArgument(name, matrix, "keep entries below 1e100: the result is linear in the matrix")
    exact = array.dtype == object
    same = array == array.T if exact else np.abs(array - array.T) <= 1e-12 * np.abs(array).max()
    if not np.all(same):
        raise InvalidArgument(name, matrix, "give a symmetric matrix, for example (B + B.T) / 2")
    return array if exact else (array + array.T) / 2


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
    """Return non-negative weights that sum to one (exactly so if they are exact or symbolic).

    Raises:
        InvalidArgument: the wrong number of weights, a negative one, or a sum other than one.
    """
    array = check_array(weights, name, f"give {size} weights, one for each")
    if array.shape != (size,):
        raise InvalidArgument(name, weights, f"give {size} weights, one for each")
    if any(w.is_negative if is_symbolic(w) else w < 0 for w in array):
        raise InvalidArgument(name, weights, "every weight must be at least 0")
    total: Any = sum(array.tolist())
    if is_expression(total):
        total = total.simplify()
        if is_symbolic(total):
            raise InvalidArgument(name, weights, f"they sum to {total}: write the last as 1 - the others")
    exact = isinstance(total, (int, Fraction)) or getattr(total, "is_Rational", False)
    if total != 1 if exact else abs(float(total) - 1.0) > 1e-12 * size:
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
