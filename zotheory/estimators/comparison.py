"""Several estimators at one point, from the same normal rows."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np

from zotheory.estimators.arguments import check_point
from zotheory.estimators.base import Estimates, Estimator, cost
from zotheory.estimators.draws import Plan, block_rows
from zotheory.estimators.objective import Objective, Oracle
from zotheory.estimators.shaping import normal_draws
from zotheory.rng import as_generator
from zotheory.types import VectorLike
from zotheory.validation import check_count


def compared(
    members: Mapping[str, Sequence[Estimator]],
    objective: Objective,
    x: VectorLike,
    rng: np.random.Generator | int,
    trials: int,
    workers: int = 1,
) -> Iterator[tuple[str, list[Estimates]]]:
    """Yield the estimates of a chunk of trials, name by name, then those of the next chunk.

    Args:
        members: for each name an estimator with increasing numbers of perturbations; all of one dimension.
        objective: as in `Estimator.estimate`.
        x: as in `Estimator.estimate`.
        rng: as in `Estimator.estimate`.
        trials: number of estimates with each number of perturbations.
        workers: as in `Estimator.estimate`.

    Raises:
        InvalidArgument: as in `Estimator.estimate`.
    """
    largest = {name: group[-1] for name, group in members.items()}
    dim, most = next(iter(largest.values())).dim, max(made.perturbations for made in largest.values())
    x, trials = check_point(x, dim), check_count(trials, "trials")
    entropy = int.from_bytes(as_generator(rng).bytes(16), "little")
    pool = ThreadPoolExecutor(workers) if check_count(workers, "workers") > 1 else None
    # A chunk is a block of draws: its rows are still in the cache when the next estimator shapes them.
    chunk = max(1, block_rows(dim) // most)
    plan = Plan(trials, dim, entropy, chunk, pool, workers)
    shared = normal_draws(most, plan, "normals")
    runs = {}
    for index, (name, made) in enumerate(largest.items()):
        oracle = Oracle(objective, dim)
        # Rows that are not shared come from streams of each estimator's own.
        own = Plan(trials, dim, entropy + 1 + index, chunk, pool, workers)
        batches = [member.perturbations for member in members[name]]
        # Slices of a trial cannot be shared: stages take different ones.
        runs[name] = oracle, made._prepare(oracle, x, own, batches, None if shared.sliced else shared)
    with pool or nullcontext():
        for first in range(0, trials, chunk):
            last = min(first + chunk, trials)
            for name, (oracle, run) in runs.items():
                calls = oracle.calls
                gradients = run(first, last)
                calls = oracle.calls - calls
                yield (
                    name,
                    [
                        Estimates(found, cost(member, first, last, calls))
                        for member, found in zip(members[name], gradients, strict=True)
                    ],
                )
