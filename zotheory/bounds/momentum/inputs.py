"""Checks of arguments and two small sums that the formulas of adaptive moments share."""

from zotheory.errors import InvalidArgument
from zotheory.types import Scalar
from zotheory.validation import (
    LARGEST,
    SMALLEST,
    as_real,
    check_count,
    check_fraction,
    is_symbolic,
    quotient,
)


def check_beta(value: Scalar, name: str) -> Scalar:
    """Return an averaging constant: a number in [0, 1), or a symbol.

    Raises:
        InvalidArgument: anything else; at 1 nothing is ever averaged in.
    """
    beta = check_fraction(value, name, open_interval=False)
    if not is_symbolic(beta) and beta >= 1:
        raise InvalidArgument(name, value, "give a number of at least 0 and below 1")
    return beta


def check_real(value: Scalar, name: str) -> Scalar:
    """Return zero, a number with absolute value from 1e-40 to 1e40, or a symbol.

    Raises:
        InvalidArgument: infinite, NaN, not a real number, or outside the range.
    """
    number = as_real(value)
    if number is None:
        raise InvalidArgument(name, value, "give a finite real number")
    if not is_symbolic(number) and number != 0 and not SMALLEST <= abs(number) <= LARGEST:
        raise InvalidArgument(
            name, value, f"give 0 or a size from {SMALLEST} to {LARGEST}: rescale the gradient"
        )
    return number


def check_nonnegative(value: Scalar, name: str) -> Scalar:
    """Return zero, a number from 1e-40 to 1e40, or a symbol not known to be negative.

    Raises:
        InvalidArgument: negative, or refused by `check_real`.
    """
    number = check_real(value, name)
    if number.is_negative if is_symbolic(number) else number < 0:
        raise InvalidArgument(name, value, "give a number of at least 0")
    return number


def check_steps(steps: int | None) -> int | None:
    """Return a number of updates, at least 1, or None for the stationary state.

    Raises:
        InvalidArgument: anything else.
    """
    return None if steps is None else check_count(steps, "steps")


def check_flag(value: bool, name: str) -> bool:
    """Return True or False.

    Raises:
        InvalidArgument: anything else.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(name, value, "give True or False")
    return value


def noise_share(beta1: Scalar) -> Scalar:
    """Return q = (1 - beta1)/(1 + beta1), the share of the variance that the first moment keeps."""
    return quotient(1 - beta1, 1 + beta1)


def mixed_powers(x: Scalar, y: Scalar, count: int) -> Scalar:
    """Return h_n = sum over 0 <= k < n of x^k y^(n-1-k), n = ``count``, without division or cancellation.

    >>> mixed_powers(1, 1, 5), mixed_powers(2, 3, 3)
    (5, 19)
    """
    # h_2n = h_n (x^n + y^n) and h_(n+1) = x h_n + y^n, along the binary digits of n.
    total, done = 0 * x, 0
    for digit in f"{count:b}":
        total, done = total * (x**done + y**done), 2 * done
        if digit == "1":
            total, done = x * total + y**done, done + 1
    return total
