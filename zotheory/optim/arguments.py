"""Arguments of the optimizers: plain numbers and names."""

from typing import Any, TypeVar

from zotheory.errors import InvalidArgument
from zotheory.validation import as_real, check_positive, is_symbolic, to_float

_Name = TypeVar("_Name", bound=str)


def check_number(value: Any, name: str) -> float:
    """Return a float from 1e-40 to 1e40.

    Raises:
        InvalidArgument: anything else.
    """
    return float(to_float(check_positive(value, name), name))


def check_at_least_zero(value: Any, name: str) -> float:
    """Return a finite float of at least 0.

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(value)
    if number is None or is_symbolic(number) or not number >= 0:
        raise InvalidArgument(name, value, "give a finite number of at least 0")
    return float(number)


def check_below_one(value: Any, name: str) -> float:
    """Return a float in [0, 1).

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(value)
    if number is None or is_symbolic(number) or not 0 <= number < 1:
        raise InvalidArgument(name, value, "give a number of at least 0 and below 1")
    return float(number)


def check_choice(value: Any, name: str, choices: tuple[_Name, ...]) -> _Name:
    """Return one of the choices.

    Raises:
        InvalidArgument: anything else.
    """
    for choice in choices:
        if isinstance(value, str) and value == choice:
            return choice
    raise InvalidArgument(name, value, "give " + " or ".join(f'"{choice}"' for choice in choices))
