"""Objectives: functions of many points at once, checked at every call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.types import FloatArray
from zotheory.validation import as_real, is_symbolic

# f(X) -> values of shape (n,) for points X of shape (n, dim), one a row.
Objective: TypeAlias = Callable[[FloatArray], Any]


@dataclass(frozen=True)
class Vectorised:
    """A function of one point as an objective; see `vectorised`."""

    function: Callable[[FloatArray], Any]

    def __call__(self, points: FloatArray) -> FloatArray:
        """Return the values at the rows of ``points``, shape (n,)."""
        return np.array([self._value(point) for point in points])

    def _value(self, point: FloatArray) -> float:
        value = self.function(point)
        array = np.asarray(value)
        if array.size == 1 and array.dtype.kind in "fiub":
            return float(array.item())
        number = as_real(value)  # exact fractions and sympy numbers
        if number is None or is_symbolic(number):
            raise InvalidArgument(
                "function", self.function, f"it returned {shortened(value)}: return one real number"
            )
        return float(number)


def vectorised(function: Callable[[FloatArray], Any]) -> Vectorised:
    """Return the objective f(X) -> (n,) of a function of one point; a Python loop over the rows.

    Raises:
        InvalidArgument: not callable; or, when called, a value that is not one real number.

    >>> vectorised(lambda x: x[0] * x[1])(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 2., 12.])
    """
    if not callable(function):
        raise InvalidArgument("function", function, "give a function of one point that returns a number")
    return Vectorised(function)


class Oracle:
    """An objective that is checked and counted."""

    def __init__(self, objective: Objective, dim: int) -> None:
        if not callable(objective):
            raise InvalidArgument("objective", objective, "give a function f(X) -> (n,) of X: (n, dim)")
        self._objective, self._dim = objective, dim
        self._rows_told_apart = dim == 1
        self.calls = 0

    def __call__(self, points: FloatArray) -> FloatArray:
        """Return the values at points of shape (n, dim), shape (n,).

        Raises:
            InvalidArgument: the objective raised, or returned another shape, NaN or an infinity.
        """
        n = len(points)
        if n == self._dim and not self._rows_told_apart:
            # A function that runs along the wrong axis returns (dim,): do not ask for dim values first.
            return np.concatenate([self(points[:1]), self(points[1:])])
        values = self._checked(points)
        self._rows_told_apart = True
        self.calls += 1
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            point, value = points[bad[0]], values[bad[0]]
            raise InvalidArgument(
                "objective",
                self._objective,
                f"it returned {value} at the point {shortened(point)}: estimates need finite values; "
                "move x, lower mu, or repair the objective there",
            )
        return values

    def _checked(self, points: FloatArray) -> FloatArray:
        shape = points.shape
        contract = (
            f"return shape ({shape[0]},) for points of shape {shape}, one value a row; if it is a function "
            "of one point, wrap it: zotheory.vectorised(f)"
        )
        try:
            result = self._objective(points)
        except (ZotheoryError, MemoryError):
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise InvalidArgument(
                "objective", self._objective, f"it raised {what} on points of shape {shape}; {contract}"
            ) from error
        try:
            values = np.asarray(result)
        except (TypeError, ValueError) as error:
            raise InvalidArgument(
                "objective", self._objective, f"it returned {shortened(result)}; {contract}"
            ) from error
        if values.shape != shape[:1] or values.dtype.kind not in "fiub":
            raise InvalidArgument(
                "objective",
                self._objective,
                f"it returned shape {values.shape} of type {values.dtype}, not real numbers; {contract}",
            )
        return values.astype(float)


def shortened(value: Any) -> str:
    """Return a value in at most about a hundred characters."""
    if isinstance(value, np.ndarray):
        entries = [f"{x:.6g}" if isinstance(x, float) else str(x) for x in value.ravel()[:6].tolist()]
        return f"[{', '.join(entries)}{', ...' if value.size > 6 else ''}]"
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."
