"""The error of an estimator by simulation, in memory that does not grow with the number of trials."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.base import Estimator
from zotheory.estimators.objective import Objective
from zotheory.estimators.queries import QueryLedger
from zotheory.laws.freezing import Frozen
from zotheory.types import FloatArray, VectorLike
from zotheory.validation import check_array, check_count, to_float


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


def simulate_mse(
    estimator: Estimator,
    objective: Objective,
    x: VectorLike,
    gradient: VectorLike,
    rng: np.random.Generator | int,
    *,
    trials: int,
    coordinates: Iterable[int] | None = None,
    chunk: int | None = None,
    workers: int = 1,
) -> SimulatedError:
    """Return the mean squared error of an estimator of delta times the gradient.

    The exact values for comparison are those of `functionals.total_mse` and `functionals.coordinate_mse`,
    which hold as mu -> 0 (at any mu for linear objectives, and for quadratic ones with central
    differences).

    Args:
        estimator: a gradient estimator.
        objective: f(X) -> (n,) for points X of shape (n, dim).
        x: the point, shape (dim,).
        gradient: a, the gradient there, shape (dim,).
        rng: generator or integer seed.
        trials: number of independent estimates.
        coordinates: T, distinct indices; all of them if not given.
        chunk: as in `Estimator.estimate`.
        workers: as in `Estimator.estimate`.

    Raises:
        InvalidArgument: a bad argument, or a bad objective.

    >>> from zotheory.laws import OrthonormalFrame
    >>> frame = OrthonormalFrame(2, 2)
    >>> from zotheory.estimators import Central
    >>> simulate_mse(Central(frame, 1, batch=2), lambda X: X[:, 0], [0, 0], [1, 0], 0, trials=9).mse < 1e-28
    True
    """
    if not isinstance(estimator, Estimator):
        raise InvalidArgument("estimator", estimator, "give an estimator, for example Central(law, mu)")
    dim = estimator.dim
    a = check_array(gradient, "gradient", f"give {dim} real numbers")
    if a.shape != (dim,):
        raise InvalidArgument("gradient", gradient, f"give {dim} real numbers, shape ({dim},)")
    chosen = _check_coordinates(coordinates, dim)
    target = estimator.delta * np.array([to_float(a[i], "gradient") for i in chosen])
    check_count(trials, "trials")
    # Means and the sum of squares about the mean, chunk by chunk (Chan, Golub and LeVeque): with m and n
    # trials so far and new, the sums about the joint mean gain (difference of means)^2 m n / (m + n).
    count, mean, squares, total = 0, 0.0, 0.0, np.zeros(len(chosen))
    ledger = QueryLedger()
    for part in estimator.stream(objective, x, rng, trials, chunk, workers):
        errors = part.gradients[:, chosen] - target
        losses = np.einsum("td,td->t", errors, errors)
        new, gap = len(losses), losses.mean() - mean
        squares += float(((losses - losses.mean()) ** 2).sum() + gap**2 * count * new / (count + new))
        mean, count = mean + gap * new / (count + new), count + new
        total += errors.sum(axis=0)
        ledger = ledger + part.ledger
    spread = math.sqrt(squares / (count - 1) / count) if count > 1 else math.nan
    return SimulatedError(float(mean), spread, total / count, ledger)


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
