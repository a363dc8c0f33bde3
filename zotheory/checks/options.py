"""Options of the statistical checks: numbers a caller may give, and what a law knows of itself."""

import math
from typing import Any

import numpy as np

from zotheory.checks.samplers import Sampler
from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law
from zotheory.types import FloatArray, Scalar, VectorLike
from zotheory.validation import check_dim, check_positive, is_symbolic, numeric_dim, to_float

_MISSING = "give it: only laws know their own"


def positive(values: VectorLike, name: str, size: int) -> FloatArray:
    """Return ``size`` finite numbers above 0 from one for all or one for each.

    Raises:
        InvalidArgument: anything else.
    """
    array = numbers(values, name)
    if array.shape not in ((), (size,)) or not np.all(array > 0):
        wanted = "a finite number above 0" + (f", or {size} of them" if size > 1 else "")
        raise InvalidArgument(name, values, f"give {wanted}")
    return np.broadcast_to(array, (size,)).copy()


def known_variance(variance: VectorLike, size: int, other: str, given: Any) -> FloatArray | None:
    """Return the bounds on the variances, if there are any.

    Raises:
        InvalidArgument: not positive, or given together with the other kind of bound.
    """
    if variance is None:
        return None
    if given is not None:
        raise InvalidArgument("variance", variance, f"give either variance or {other}, not both")
    return positive(variance, "variance", size)


def interval(support: Any, size: int) -> tuple[FloatArray, FloatArray]:
    """Return the ends of an interval, each repeated ``size`` times.

    Raises:
        InvalidArgument: not a pair (low, high) with low < high.
    """
    remedy = "give (low, high) with low < high"
    if not isinstance(support, (tuple, list)) or len(support) != 2:
        raise InvalidArgument("support", support, remedy)
    low, high = (numbers(end, "support") for end in support)
    if any(end.shape not in ((), (size,)) for end in (low, high)) or not np.all(low < high):
        raise InvalidArgument("support", support, remedy)
    return np.broadcast_to(low, (size,)), np.broadcast_to(high, (size,))


def numbers(values: Any, name: str) -> FloatArray:
    """Return finite real numbers as an array of floats; exact and sympy numbers are converted.

    Raises:
        InvalidArgument: anything else.
    """
    remedy = "give finite real numbers"
    try:
        raw = np.asarray(values)
        array = raw.astype(float) if raw.dtype.kind in "iufO" else None
    except (TypeError, ValueError) as error:
        raise InvalidArgument(name, values, remedy) from error
    if array is None or not np.all(np.isfinite(array)):
        raise InvalidArgument(name, values, remedy)
    return array


def delta_of(sampler: Sampler, delta: Scalar) -> float:
    """Return the scale given, or the law's own.

    Raises:
        InvalidArgument: not a number above 0, or missing.
    """
    if delta is None:
        if not isinstance(sampler, Law):
            raise InvalidArgument("delta", delta, _MISSING)
        delta = sampler.delta
    return to_float(check_positive(delta, "delta"), "delta")


def dim_of(sampler: Sampler, dim: Scalar) -> int:
    """Return the dimension given, or the law's own.

    Raises:
        InvalidArgument: not an integer of at least 1, or missing.
    """
    if dim is None:
        if not isinstance(sampler, Law):
            raise InvalidArgument("dim", dim, _MISSING)
        dim = sampler.dim
    return numeric_dim(check_dim(dim))


def norm_bound_of(sampler: Sampler, given: Scalar, variance: VectorLike) -> tuple[float | None, bool]:
    """Return the bound on |v|^2 if one is known, and whether the caller insists on it."""
    if given is not None:
        return to_float(check_positive(given, "norm_bound"), "norm_bound"), True
    if variance is not None or not isinstance(sampler, Law):
        return None, True
    bound = sampler.norm_bound()
    known = not is_symbolic(bound) and math.isfinite(bound)
    return (float(bound) if known else None), False


def share(resolvable: Any) -> Any:
    """Return the one number that ``resolvable`` must be.

    Raises:
        InvalidArgument: a vector.
    """
    if np.ndim(resolvable) != 0:
        raise InvalidArgument("resolvable", resolvable, "give one number above 0")
    return resolvable


def name_of(sampler: Sampler) -> str:
    """Return the name of a law or function for messages."""
    if isinstance(sampler, Law):
        return type(sampler).__name__
    name = getattr(sampler, "__name__", "")
    return name if name.isidentifier() else "a sampler"  # not "<lambda>"
