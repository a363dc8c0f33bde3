"""Function values that two methods need for one loss, seed by seed, from stored curves."""

from collections.abc import Iterable

import numpy as np

from proofs_checks._store import Mean, over_seeds
from zotheory.experiment import Results
from zotheory.types import FloatArray


def first_reached(queries: FloatArray, losses: FloatArray, target: float) -> float:
    """Return when a curve first comes down to a target, log-linear in the loss between records; inf if never."""
    if losses[0] <= target:
        return float(queries[0])
    below = np.flatnonzero(losses <= target)
    if not below.size:
        return float("inf")
    after = int(below[0])
    low, high = np.log(losses[after]), np.log(losses[after - 1])
    share = (high - np.log(target)) / (high - low)
    return float(queries[after - 1] + share * (queries[after] - queries[after - 1]))


def log_ratio(one: Results, two: Results, column: str = "queries_spent") -> Mean:
    """Return the mean over seeds of log(q_1 / q_2), both to the loss at which the worse of the two ends.

    Both methods have the same start and mini-batches at a seed, and end after equally many function values.
    What they spent on tuning is not counted, nor is in the error that another tuning may choose other rates.

    Raises:
        ValueError: losses at the start differ, or a run ends no better than it began.
    """
    found = []
    for seed in np.unique(one["seed"]):
        curves = [
            (rows.where(seed=int(seed))[column].astype(float), rows.where(seed=int(seed))["loss"])
            for rows in (one, two)
        ]
        if curves[0][1][0] != curves[1][1][0]:
            raise ValueError(f"seed {seed}: losses at the start differ")
        target = max(float(losses[-1]) for _, losses in curves)
        q = [first_reached(x, losses, target) for x, losses in curves]
        if not np.isfinite(q).all() or min(q) <= 0:
            raise ValueError(f"seed {seed}: a run diverged, or ends no better than it began")
        found.append(np.log(q[0] / q[1]))
    return over_seeds(found)


def within_grids(methods: Iterable[Results]) -> bool:
    """Return whether no learning rate of any is the last that tuning tried."""
    return not any(rows["at_grid_end"].any() for rows in methods)


def averaged(means: list[Mean]) -> Mean:
    """Return the average of independent means, with Welch and Satterthwaite's degrees of freedom."""
    squares = np.array([mean.error**2 for mean in means])
    freedom = squares.sum() ** 2 / sum(s**2 / mean.freedom for s, mean in zip(squares, means, strict=True))
    value = float(np.mean([mean.value for mean in means]))
    return Mean(value, float(np.sqrt(squares.sum()) / len(means)), float(freedom))
