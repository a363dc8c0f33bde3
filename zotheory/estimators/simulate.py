"""The error of an estimator by simulation, in memory that does not grow with the number of trials."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.base import Estimates, Estimator
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
    target = _Target(estimator, gradient, coordinates)
    check_count(trials, "trials")
    parts = estimator.stream(objective, x, rng, trials, chunk, workers)
    (found,) = target.errors([part] for part in parts)
    return found


def simulate_mse_curve(
    estimator: Estimator,
    objective: Objective,
    x: VectorLike,
    gradient: VectorLike,
    rng: np.random.Generator | int,
    *,
    batches: Sequence[int],
    trials: int,
    coordinates: Iterable[int] | None = None,
    chunk: int | None = None,
    workers: int = 1,
) -> list[SimulatedError]:
    """Return the mean squared errors of an estimator with several batch sizes, from the same perturbations.

    The mean over the first b of the largest batch's perturbations is exactly an estimate with batch b, so
    one simulation serves all. Each point of the curve is what `simulate_mse` estimates, and its standard
    error holds; but the points are dependent, because they share draws: their differences have errors of
    their own, and a fit through them must not take them for independent.

    Args:
        estimator: a gradient estimator; its own number of perturbations plays no part, but a two-stage
            estimator splits each batch in the proportion of its stages.
        objective: as in `simulate_mse`.
        x: as in `simulate_mse`.
        gradient: as in `simulate_mse`.
        rng: as in `simulate_mse`; the last point is what the same seed gives there.
        batches: increasing numbers of perturbations of one estimate (whole frames for an
            `OrthonormalFrame`).
        trials: number of independent estimates with each batch.
        coordinates: as in `simulate_mse`.
        chunk: trials evaluated at once; by default so few that the largest batches fill about 1 MB.
        workers: as in `Estimator.estimate`.

    Returns:
        One error a batch. The ledgers hold the queries and evaluations of a simulation with that batch
        alone; the calls are those of the shared simulation.

    Raises:
        InvalidArgument: a bad argument, or a bad objective.

    >>> from zotheory.estimators import Central
    >>> from zotheory.laws import OrthonormalFrame
    >>> frames, f = Central(OrthonormalFrame(2, 2), 1, batch=2), lambda X: X[:, 0]
    >>> [found.ledger.queries for found in simulate_mse_curve(
    ...     frames, f, [0, 0], [1, 0], 0, batches=[2, 4], trials=9)]
    [36, 72]
    """
    target = _Target(estimator, gradient, coordinates)
    check_count(trials, "trials")
    return target.errors(estimator.stream_batches(objective, x, rng, batches, trials, chunk, workers))


class _Target:
    # What an estimator estimates, on the chosen coordinates.

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

    def errors(self, chunks: Iterable[Sequence[Estimates]]) -> list[SimulatedError]:
        # Means and sums of squares about the means, chunk by chunk (Chan, Golub and LeVeque): with m and n
        # trials so far and new, the sums about the joint mean gain (difference of means)^2 m n / (m + n).
        count, mean, squares, total, costs = 0, np.zeros(()), np.zeros(()), np.zeros(()), []
        for parts in chunks:
            errors = np.stack([part.gradients[:, self._chosen] for part in parts]) - self._value
            losses = np.einsum("ktd,ktd->kt", errors, errors)
            own, new = losses.mean(axis=1), losses.shape[1]
            gap = own - mean
            squares = (
                squares + ((losses - own[:, None]) ** 2).sum(axis=1) + gap**2 * count * new / (count + new)
            )
            mean, count = mean + gap * new / (count + new), count + new
            total = total + errors.sum(axis=1)
            ledgers = [part.ledger for part in parts]
            costs = [one + two for one, two in zip(costs, ledgers, strict=True)] if costs else ledgers
        spread = np.sqrt(squares / (count - 1) / count) if count > 1 else np.full(len(costs), math.nan)
        return [
            SimulatedError(float(m), float(s), t / count, ledger)
            for m, s, t, ledger in zip(mean, spread, total, costs, strict=True)
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
