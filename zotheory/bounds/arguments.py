"""Arguments of the bounds: finite numbers, exact numbers or symbols, with signs that can be told."""

import math
from fractions import Fraction
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.types import Scalar
from zotheory.validation import as_real, is_expression, is_symbolic

# Every quantity below is a product of few powers of the arguments; inside this range floats hold them.
SMALLEST, LARGEST = 1e-30, 1e30


def positive(value: Any, name: str, what: str) -> Scalar:
    """Return a number from 1e-30 to 1e30, or a symbol not known to be zero or negative.

    Raises:
        InvalidArgument: anything else; ``what`` says in words what the number is.
    """
    number = as_real(value)
    if is_symbolic(number):
        if number.is_positive is False:
            raise InvalidArgument(name, value, f"declare the symbol positive: {what}")
        return number
    if number is None or not number > 0:
        raise InvalidArgument(name, value, f"give {what}, a finite number above 0")
    if not SMALLEST <= number <= LARGEST:
        raise InvalidArgument(name, value, f"give {what} from {SMALLEST} to {LARGEST}: change the units")
    return number


def nonnegative(value: Any, name: str, what: str) -> Scalar:
    """Return zero, or what `positive` returns.

    Raises:
        InvalidArgument: as `positive`, except for zero.
    """
    number = as_real(value)
    if is_symbolic(number):
        if number.is_nonnegative is False:
            raise InvalidArgument(name, value, f"declare the symbol non-negative: {what}")
        return number
    if number is None or number < 0:
        raise InvalidArgument(name, value, f"give {what}, a finite number of at least 0")
    return number if number == 0 else positive(value, name, what)


def count(value: Any, name: str, least: int = 1) -> Scalar:
    """Return an integer of at least ``least``, or a symbol.

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(value)
    if is_symbolic(number):
        if number.is_integer is False or number.is_negative:
            raise InvalidArgument(name, value, "declare the symbol a positive integer")
        return number
    whole = isinstance(number, int) or getattr(number, "is_Integer", False)
    if not whole or number < least:
        raise InvalidArgument(name, value, f"give an integer of at least {least}, or a symbol")
    return int(number)


def below(value: Scalar, limit: Scalar) -> bool:
    """Return whether value < limit; True for symbols whose order cannot be told."""
    difference = limit - value
    if is_symbolic(difference):
        return difference.is_positive is not False
    return bool(difference > 0)


def rational(value: Scalar) -> Scalar:
    """Return a float as the fraction it is, so that what follows is exact; the rest unchanged."""
    return Fraction(value) if isinstance(value, float) else value


def shown(value: Scalar) -> str:
    """Return a number to six digits, an expression as it is, for messages."""
    return str(value) if is_symbolic(value) else f"{float(value):.6g}"


def ceiling(value: Scalar) -> Scalar:
    """Return the smallest integer not below a rational number or an expression."""
    if is_expression(value):
        from sympy import ceiling as symbolic_ceiling

        return symbolic_ceiling(value)
    return math.ceil(value)
