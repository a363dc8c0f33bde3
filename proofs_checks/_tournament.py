"""Results of the tournament: who is best on half of the seeds, and what it needs on the other half."""

import math
from collections.abc import Sequence

import numpy as np

from proofs_checks._reach import first_reached
from proofs_checks._store import stored
from zotheory.experiment import Results
from zotheory.types import FloatArray

OWN = ("guided", "importance")
# Measured first, and what was added: a method, and larger, longer or other problems.
FIRST = (
    *("cubic", "levy", "rosenbrock", "ackley", "rastrigin", "log-uniform", "spiked"),
    *("logistic", "network", "attack"),
)
METHODS = (
    *("sphere", "gaussian", "rademacher", "coordinate", "block", "low-rank", "momentum", "zo-signsgd"),
    *("zo-adamm", "r-adazo", "dap", "dap-published", "bcd-cyclic", "bcd-uniform", "guided", "importance"),
)
ADDED, LATER = ("guided-es",), ("log-uniform-long", "levy-large", "mnist", "mesh")
# Ratios count from 1/20 to 20: a run that diverged reaches nothing.
LARGEST = float(np.log(20))


def problems() -> dict[str, Results]:
    """Return the committed results of each problem."""
    shared = {"dim": 100, "budget": 800, "perturbations": 4}
    first = stored("tournament", problems=FIRST, methods=METHODS, seeds=12, **shared)
    added = stored("tournament", problems=FIRST, methods=ADDED, seeds=12, **shared)
    later = stored("tournament", problems=LATER, seeds=8, **shared)
    found = {}
    for name in FIRST:
        parts = [results.where(problem=name) for results in (first, added)]
        columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0].columns}
        found[name] = Results(columns, [])
    return found | {name: later.where(problem=name) for name in LATER}


def best(rows: Results, methods: list[str]) -> str:
    """Return the method of the least median area over the even seeds of a problem."""
    found = {}
    for method in methods:
        mine = rows.where(method=method, queries_spent=0)
        found[method] = float(np.median(mine["area"][mine["seed"] % 2 == 0]))
    return min(found, key=lambda method: found[method])


def log_ratios(rows: Results, one: str, two: str, seeds: Sequence[int] = (1,)) -> FloatArray:
    """Return log(q_1 / q_2) of each seed, both to the loss at which the worse of the two ends.

    Seeds are those with these remainders of division by 2: odd ones, which choose nothing. The ratio counts as 20, or 1/20, where only one of both ends below the start, and as 1 where none does.
    """
    found = []
    for seed in np.unique(rows["seed"]):
        if seed % 2 not in seeds:
            continue
        curves = [rows.where(method=method, seed=int(seed)) for method in (one, two)]
        ends = [float(curve["loss"][-1]) for curve in curves]
        lost = [not end < 1 for end in ends]  # diverged, or worse than the start: losses are relative
        if any(lost):
            found.append(LARGEST * (lost[0] - lost[1]))
            continue
        q = [
            first_reached(curve["queries_spent"].astype(float), curve["loss"], max(ends))
            for curve in curves
        ]
        found.append(float(np.clip(np.log(q[0] / q[1]), -LARGEST, LARGEST)))
    return np.array(found)


def chosen(rows: Results) -> tuple[str, str]:
    """Return the best of the package's own methods and the best published one, by the even seeds."""
    methods = list(dict.fromkeys(rows["method"].tolist()))
    own = best(rows, [method for method in methods if method in OWN])
    return own, best(rows, [method for method in methods if method not in OWN])


def signed_rank(values: FloatArray) -> float:
    """Return Wilcoxon's exact p-value of: the values are symmetric about a number of at most 0; against above.

    Counted over all signs, so that the number of values is to be small.
    """
    ranks = np.argsort(np.argsort(np.abs(values))) + 1
    signs = (np.arange(2**values.size)[:, None] >> np.arange(values.size)) & 1
    return float(np.mean(signs @ ranks >= ranks[values > 0].sum()))


def joint(values: list[float], least: int) -> float:
    """Return a p-value of: in at least ``least`` of independent tests the null hypothesis is false.

    Fisher's sum of the n - least + 1 largest p-values, of which at least one test is null if the statement is
    not true; for discrete ones it is conservative (partial conjunction).
    """
    from scipy.special import gammaincc

    largest = sorted(values)[least - 1 :]
    return float(gammaincc(len(largest), -sum(math.log(p) for p in largest)))
