"""Squared errors of estimates, summed up chunk by chunk."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.base import Estimates, Estimator
from zotheory.estimators.queries import QueryLedger
from zotheory.laws.freezing import Frozen
from zotheory.types import FloatArray, VectorLike
from zotheory.validation import check_array, to_float


@dataclass(frozen=True, eq=False)
class SimulatedError(Frozen):
    """Squared error of an estimator over independent trials.

    Attributes:
        mse: mean of |(g - delta a)_T|^2 over the trials.
        standard_error: of ``mse``, estimated from the trials; nan for a single one.
        mean_error: mean of (g - delta a)_T, shape (|T|,), read-only.
        ledger: what the trials cost.
    """

    mse: float
    standard_error: float
    mean_error: FloatArray
    ledger: QueryLedger

    def __post_init__(self) -> None:
        self.mean_error.setflags(write=False)


class ErrorSums:
    """Sums of the errors of an estimator, on the chosen coordinates, for each of its batches."""

    def __init__(
        self, estimator: Estimator, gradient: VectorLike, coordinates: Iterable[int] | None
    ) -> None:
        if not isinstance(estimator, Estimator):
            raise InvalidArgument("estimator", estimator, "give an estimator, for example Central(law, mu)")
        dim = estimator.dim
        a = check_array(gradient, "gradient", f"give {dim} real numbers")
        if a.shape != (dim,):
            raise InvalidArgument("gradient", gradient, f"give {dim} real numbers, shape ({dim},)")
        self._chosen = _check_coordinates(coordinates, dim)
        self._value = estimator.delta * np.array([to_float(a[i], "gradient") for i in self._chosen])

        self._count, self._costs = 0, list[QueryLedger]()
        self._mean = self._squares = self._total = np.zeros(())

    def add(self, parts: Sequence[Estimates]) -> None:
        """Add the estimates of a chunk of trials, one for each batch."""
        # Means and sums of squares about the means (Chan, Golub and LeVeque): with m and n trials so far
        # and new, the sums about the joint mean gain (difference of means)^2 m n / (m + n).
        errors = np.stack([part.gradients[:, self._chosen] for part in parts]) - self._value
        losses = np.einsum("ktd,ktd->kt", errors, errors)
        own, count, new = losses.mean(axis=1), self._count, losses.shape[1]
        gap = own - self._mean
        spread = ((losses - own[:, None]) ** 2).sum(axis=1)
        self._squares = self._squares + spread + gap**2 * count * new / (count + new)
        self._mean, self._count = self._mean + gap * new / (count + new), count + new
        self._total = self._total + errors.sum(axis=1)
        ledgers, costs = [part.ledger for part in parts], self._costs
        self._costs = [one + two for one, two in zip(costs, ledgers, strict=True)] if costs else ledgers

    def results(self) -> list[SimulatedError]:
        """Return what the sums say, for each batch."""
        count, costs = self._count, self._costs
        spread = (
            np.sqrt(self._squares / (count - 1) / count) if count > 1 else np.full(len(costs), math.nan)
        )
        return [
            SimulatedError(float(m), float(s), t / count, ledger)
            for m, s, t, ledger in zip(self._mean, spread, self._total, costs, strict=True)
        ]


def _check_coordinates(coordinates: Iterable[int] | None, dim: int) -> list[int]:
    if coordinates is None:
        return list(range(dim))
    remedy = f"give distinct integers from 0 to {dim - 1}, at least one"
    if not isinstance(coordinates, Iterable) or isinstance(coordinates, (str, bytes)):
        raise InvalidArgument("coordinates", coordinates, remedy)
    chosen = list(coordinates)
    whole = all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in chosen)
    if not chosen or not whole or len(set(chosen)) < len(chosen) or min(chosen) < 0 or max(chosen) >= dim:
        raise InvalidArgument("coordinates", coordinates, remedy)
    return [int(i) for i in chosen]
