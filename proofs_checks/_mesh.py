"""The end of the measured mesh descents, one replication a seed."""

from collections.abc import Iterable, Mapping

from proofs_checks._store import certified, stored
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results

CELLS, REFERENCE, BATCH, STEPS, RUNS, ESTIMATES, SEEDS = 10, 20, 8, 50, 3, 400, 24
# Replications that claims read: not those on which their bounds were chosen.
READ = tuple(range(12, SEEDS))
# Two coordinates for each inner vertex, one for each on the boundary but the corners.
DIM = 2 * (CELLS - 1) ** 2 + 4 * (CELLS - 1)


def descents(seeds: tuple[int, ...] = READ) -> Results:
    """Return the recorded descents of some replications."""
    shape = {"cells": CELLS, "reference_cells": REFERENCE, "batch": BATCH, "steps": STEPS}
    found = stored("mesh", seeds=SEEDS, **shape, runs=RUNS, estimates=ESTIMATES)
    return found.where(part="descent", seed=seeds)


def final_log_losses(found: Results, method: str) -> Mapping[int, float]:
    """Return by seed the log loss at the end, a mean over the runs of the step that tuning chose there."""
    rows = found.where(name=method)
    last = rows.where(queries_spent=rows["queries_spent"].max())
    return dict(zip(last["seed"].tolist(), last["log_loss"].tolist(), strict=True))


def steps_inside(found: Results, methods: Iterable[str], part: str) -> Evidence:
    """Return whether no replication of the methods has its best step at an edge of the steps tried."""
    told, inside = [], True
    for method in methods:
        rows = found.where(name=method)
        inside &= rows["step_size"].size > 0 and not rows["at_edge"].any()
        told.append(f"{method} {rows['step_size'].min():.3g} to {rows['step_size'].max():.3g}")
    return certified(inside, part, "best steps, none at an edge of the grid: " + ", ".join(told))
