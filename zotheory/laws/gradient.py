"""Gradients and directions as arguments: vectors, and stand-ins that leave the entries out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import Scalar, Vector
from zotheory.validation import check_dim, check_fraction, check_vector, is_symbolic, numeric_dim, quotient


@dataclass(frozen=True)
class FirstAxis:
    """The direction e_1 of R^dim without its entries, so that dim may be a symbol or huge."""

    dim: Scalar

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", check_dim(self.dim))

    def vector(self) -> Vector:
        """Return the entries, as integers, for an integer dimension."""
        return np.eye(1, numeric_dim(self.dim), dtype=int)[0]


@dataclass(frozen=True)
class Alignment:
    """A gradient of which only its alignment rho = |e.a| / |a| with the law's own direction is known.

    Stands for the vector ``a`` in `Law.dimension_factor`, `Law.directional_fourth_moment` and
    `Law.batch_mse_factor`; rho in [0, 1] or a symbol.
    """

    rho: Scalar

    def __post_init__(self) -> None:
        object.__setattr__(self, "rho", check_fraction(self.rho, "rho", open_interval=False))


def check_direction(vector: Any, name: str, dim: Scalar | None = None) -> Vector:
    """Return a positive multiple of ``vector`` whose largest entry is near one.

    For quantities that do not change when the vector is scaled: entries like 1e-200 or 1e200 then
    survive being squared. For floats the factor is a power of two, so no digit is lost; exact entries
    are divided exactly, and only if they are that large or small; symbolic ones are left alone.

    Raises:
        InvalidArgument: as `check_vector`.
    """
    array = check_vector(vector, name, dim)
    if array.dtype == object:
        top = _largest(array)
        if top is None or 1e-30 <= top <= 1e30:
            return array
        return np.array([quotient(entry, top) for entry in array], dtype=object)
    _, exponent = np.frexp(np.abs(array).max())
    with np.errstate(under="ignore"):
        return np.ldexp(array, -exponent)


def _largest(vector: Vector) -> Scalar | None:
    # The largest |entry|; None if there are symbols among them.
    if vector.dtype == object and any(is_symbolic(entry) for entry in vector):
        return None
    return abs(vector).max()


def check_gradient(vector: Any, name: str, dim: Scalar | None = None) -> Vector:
    """Return ``vector`` as given, for quantities that scale as its square.

    Raises:
        InvalidArgument: as `check_vector`; or the largest entry outside 1e-100 to 1e100, where the
            results would overflow or vanish as floats.
    """
    array = check_vector(vector, name, dim)
    top = _largest(array)
    if top is not None and not 1e-100 <= top <= 1e100:
        raise InvalidArgument(
            name, vector, "the result scales as |a|^2 and leaves the floats: pass a / |a|"
        )
    return array


def as_floats(vector: Vector, *, symbols: bool = True) -> Vector:
    """Return a positive multiple of ``vector`` in floats; one with symbols unchanged, if they are allowed.

    Raises:
        InvalidArgument: symbols that are not allowed.
    """
    if vector.dtype != object:
        return vector.astype(float, copy=False)
    if any(is_symbolic(entry) for entry in vector):
        if symbols:
            return vector
        raise InvalidArgument("direction", vector, "numbers are needed here, not symbols")
    # Exact entries may be beyond the floats; only their ratios matter.
    largest = max(abs(entry) for entry in vector)
    return np.array([float(quotient(entry, largest)) for entry in vector])
