"""What the assertions accept as dimension, scale and sampler."""

import inspect
from typing import Any

from zotheory.checks.samplers import Source
from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law
from zotheory.types import Scalar
from zotheory.validation import check_dim, check_positive, is_symbolic


def integer_dim(dim: Any) -> int:
    """Return a dimension that is a number.

    Raises:
        InvalidArgument: a symbol, or not an integer of at least 1.
    """
    value = check_dim(dim)
    if is_symbolic(value):
        raise InvalidArgument("dim", dim, "give an integer")
    return value


def numeric_delta(delta: Any) -> Scalar:
    """Return a scale that is a number.

    Raises:
        InvalidArgument: a symbol, or not above 0.
    """
    value = check_positive(delta, "delta")
    if is_symbolic(value):
        raise InvalidArgument("delta", delta, "give a number")
    return value


def source_of(sampler: Any, dim: int) -> Source:
    """Return a sampler with every batch of its draws checked.

    Raises:
        InvalidArgument: neither a law of this dimension nor a function of two arguments.
    """
    if isinstance(sampler, Law):
        if is_symbolic(sampler.dim) or sampler.dim != dim:
            raise InvalidArgument(
                "sampler",
                sampler,
                f"it has dimension {sampler.dim}, but {dim} is asked for: make them equal",
            )
    elif callable(sampler):
        try:
            inspect.signature(sampler).bind(1, None)
        except TypeError as error:
            remedy = f"it must take two arguments, (n, generator): {error}"
            raise InvalidArgument("sampler", sampler, remedy) from None
        except ValueError:  # a compiled function may not tell
            pass
    return Source(sampler, (dim,))
