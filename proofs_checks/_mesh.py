"""The end of the measured mesh descents, one replication a seed."""

from collections.abc import Mapping

import numpy as np

from proofs_checks._store import Mean
from zotheory.experiment import Results


def final_log_losses(found: Results, method: str) -> dict[int, Mean]:
    """Return by seed the log loss at the end, a mean over runs with its standard error."""
    rows = found.where(part="descent", name=method)
    last = rows.where(queries_spent=rows["queries_spent"].max())
    columns = (last[name].tolist() for name in ("seed", "log_loss", "log_loss_standard_error", "runs"))
    return {seed: Mean(value, error, runs - 1) for seed, value, error, runs in zip(*columns, strict=True)}


def gap(one: Mapping[int, Mean], two: Mapping[int, Mean]) -> Mean:
    """Return the mean over the seeds of one - two; all runs are independent, given the steps that tuning chose.

    Its degrees of freedom are those of one of the two methods: Welch's are no fewer.
    """
    seeds = sorted(one)
    value = float(np.mean([one[seed].value - two[seed].value for seed in seeds]))
    squares = sum(side[seed].error ** 2 for side in (one, two) for seed in seeds)
    freedom = min(sum(side[seed].freedom for seed in seeds) for side in (one, two))
    return Mean(value, float(np.sqrt(squares)) / len(seeds), freedom)
