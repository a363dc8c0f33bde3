"""The error of an estimator by simulation, in memory that does not grow with the number of trials."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.base import Estimator
from zotheory.estimators.comparison import compared
from zotheory.estimators.error_sums import ErrorSums, SimulatedError
from zotheory.estimators.objective import Objective
from zotheory.types import VectorLike
from zotheory.validation import check_count


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
    sums = ErrorSums(estimator, gradient, coordinates)
    check_count(trials, "trials")
    for part in estimator.stream(objective, x, rng, trials, chunk, workers):
        sums.add([part])
    (found,) = sums.results()
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
    sums = ErrorSums(estimator, gradient, coordinates)
    check_count(trials, "trials")
    for parts in estimator.stream_batches(objective, x, rng, batches, trials, chunk, workers):
        sums.add(parts)
    return sums.results()


def simulate_mse_curves(
    estimators: Mapping[str, Estimator],
    objective: Objective,
    x: VectorLike,
    gradient: VectorLike,
    rng: np.random.Generator | int,
    *,
    batches: Sequence[int] | Mapping[str, Sequence[int]],
    trials: int,
    coordinates: Iterable[int] | None = None,
    workers: int = 1,
) -> dict[str, list[SimulatedError]]:
    """Return the curves of several estimators, made of the same random numbers where their laws allow it.

    Laws that are made of normal rows (`Law.from_normals`: Gaussian, Sphere, DAP, and the second stage of
    `TwoStage`) get the same rows, drawn once; the others draw their own. Each curve is what
    `simulate_mse_curve` estimates, and its standard errors hold. Curves depend on each other: common random
    numbers make their differences more accurate, not less, but they are no independent measurements.

    Args:
        estimators: by name; all of one dimension.
        objective: as in `simulate_mse`.
        x: as in `simulate_mse`.
        gradient: as in `simulate_mse`.
        rng: as in `simulate_mse`.
        batches: increasing numbers of perturbations, for all estimators or by name.
        trials: number of independent estimates with each batch.
        coordinates: as in `simulate_mse`.
        workers: as in `Estimator.estimate`; they draw the shared rows.

    Returns:
        For each name one error a batch, with ledgers as in `simulate_mse_curve`.

    Raises:
        InvalidArgument: a bad argument, or a bad objective.

    >>> from zotheory.estimators import Forward
    >>> from zotheory.laws import DAP, Sphere
    >>> a = [1, 0, 0]
    >>> both = simulate_mse_curves({"sphere": Forward(Sphere(3), 1e-3), "aligned": Forward(DAP(a), 1e-3)},
    ...                            lambda X: X[:, 0], [0, 0, 0], a, 0, batches=[1, 4], trials=9)
    >>> [len(curve) for curve in both.values()]
    [2, 2]
    """
    remedy = "give estimators by name, all of one dimension"
    if not isinstance(estimators, Mapping) or not estimators:
        raise InvalidArgument("estimators", estimators, remedy)
    sums = {name: ErrorSums(made, gradient, coordinates) for name, made in estimators.items()}
    if len({made.dim for made in estimators.values()}) > 1:
        raise InvalidArgument("estimators", estimators, remedy)
    given = batches if isinstance(batches, Mapping) else dict.fromkeys(estimators, batches)
    if given.keys() != estimators.keys():
        raise InvalidArgument("batches", batches, f"give batches for each of {', '.join(estimators)}")
    members = {name: made.members(given[name]) for name, made in estimators.items()}
    for name, parts in compared(members, objective, x, rng, trials, workers):
        sums[name].add(parts)
    return {name: found.results() for name, found in sums.items()}
