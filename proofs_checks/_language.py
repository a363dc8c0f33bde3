"""Fine-tuning of language models: what claims read from results, and logistic regression that shares nothing with those."""

import math
from typing import Any, Literal, TypeAlias

import numpy as np

from proofs_checks._store import Mean, certified, half_width, over_seeds, stored
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.experiment import Results
from zotheory.types import FloatArray

# Bounds were chosen from the first four seeds, and are checked on the others.
CONFIRMING, TUNED = tuple(range(4, 16)), tuple(range(4, 12))
EVIDENCE = ("smollm2-135m/final-norm", "smollm2-135m/verbalizers")
# Where more is tuned all stored seeds are read: what is said of them was committed before they ran.
LARGER = {
    "block": "smollm2-135m/last-1",
    "full": "opt-tiny/full",
    "norms": "smollm2-135m/norms",
    "prompt": "smollm2-135m/prompt",
}
Law: TypeAlias = Literal["uniform", "gaussian", "one-probe", "two-stage"]


def measured(**config: Any) -> Results:
    """Return the confirming seeds of the one stored configuration with these values."""
    return stored("language-model", seeds=CONFIRMING[-1] + 1, **config).where(seed=CONFIRMING)


def evidence(seeds: tuple[int, ...] = TUNED) -> dict[str, Results]:
    """Return confirming seeds of the stored runs with tuned rates, by task.

    Raises:
        ValueError: a learning rate is the last that tuning tried.
    """
    found = stored("language-model", seeds=seeds[-1] + 1, tasks=EVIDENCE, queries=2).where(seed=seeds)
    if found["at_edge"].any():
        raise ValueError("a learning rate is an end of its grid")
    return {task: found.where(task=task) for task in EVIDENCE}


def larger(part: str, seeds: int) -> Results:
    """Return the stored runs with tuned rates of a task in which much is tuned.

    Raises:
        ValueError: a learning rate is the last that tuning tried.
    """
    found = stored("language-model", seeds=seeds, tasks=(LARGER[part],), queries=2)
    if found["at_edge"].any():
        raise ValueError("a learning rate is an end of its grid")
    return found


def runs(rows: Results, column: str) -> list[FloatArray]:
    """Return a column of the runs of one task and method, seed by seed.

    Raises:
        ValueError: a run diverged.
    """
    if rows["diverged"].any():
        raise ValueError(f"a run of {rows['method'][0]} diverged")
    return [rows.where(seed=int(seed))[column].astype(float) for seed in np.unique(rows["seed"])]


def log_areas(rows: Results) -> FloatArray:
    """Return the mean over a run's records, but the start, of the logarithm of the development loss, seed by seed."""
    return np.array([float(np.log(losses[1:]).mean()) for losses in runs(rows, "dev_loss")])


def slowed(rows: Results, factor: float) -> FloatArray:
    """Return `log_areas` of runs that had been so many times slower, seed by seed.

    Between records the logarithm of the loss is linear in the number of passes; factors from 1 on.
    """
    found = []
    for losses, passes in zip(runs(rows, "dev_loss"), runs(rows, "passes"), strict=True):
        found.append(float(np.interp(passes[1:] / factor, passes, np.log(losses)).mean()))
    return np.array(found)


def elasticity(rows: Results, factor: float = 1.1) -> float:
    """Return by how much `log_areas` grows in the mean per unit of the logarithm of a factor in passes."""
    return float(slowed(rows, factor).mean() - log_areas(rows).mean()) / math.log(factor)


def slowest_within(rows: Results, margin: float) -> float:
    """Return by what factor runs may be slower for their mean of `log_areas` to differ by a margin, to 1%."""
    start, factor = log_areas(rows).mean(), 1.0
    while slowed(rows, factor).mean() - start < margin:
        if factor > 1e3:
            raise ValueError("no slower run differs by so much")
        factor *= 1.01
    return factor


def passes_a_step(rows: Results) -> set[float]:
    """Return how many forward passes a step took in whole runs; where derivatives are taken three are counted."""
    pairs = zip(runs(rows, "passes"), runs(rows, "steps"), strict=True)
    return {float(passes[-1] / steps[-1]) for passes, steps in pairs}


def without_derivatives(part: str, method: str) -> Evidence:
    """Return whether a step of this method took two values of each of two perturbations where that is stored."""
    each = passes_a_step(evidence()[EVIDENCE[0]].where(method=method))
    told = f"{method} takes {', '.join(f'{n:g}' for n in sorted(each))} passes a step, two for each perturbation"
    return certified(each == {4.0}, part, told)


def log_tests(rows: Results) -> FloatArray:
    """Return the logarithm of the loss on the test part at the end, seed by seed."""
    return np.log([float(losses[-1]) for losses in runs(rows, "test_loss")])


def faster(part: str, label: str, one: FloatArray, two: FloatArray, rate: float, effect: float) -> Evidence:
    """Return whether one has less log loss than two in the mean over seeds, and what it would take to see.

    Args:
        part: of the claim.
        label: what is compared.
        one: one number for each seed.
        two: likewise; runs of one seed share start and batches.
        rate: of false alarms, on either side.
        effect: a difference of log losses that would matter.
    """
    mean = less(one, two)
    half = half_width(mean, rate)
    low, high = mean.value - half, mean.value + half
    outcome = Outcome.HOLDS if high < 0 else Outcome.FAILS if low > 0 else Outcome.INCONCLUSIVE
    needed = _seeds(mean.error * math.sqrt(one.size), rate, effect)
    told = f"{label}: log losses differ by {mean.value:.4f}, interval [{low:.3f}, {high:.3f}] over {one.size} seeds at a "
    told += f"false-alarm rate of {rate:.2g} a side; for an interval of +-{effect:.2g} it takes about {needed} seeds"
    return Evidence(
        outcome=outcome,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=told,
        falsifier="an interval above zero",
        parts=(part,),
    )


def _seeds(deviation: float, rate: float, effect: float) -> int:
    """Return how many seeds of this standard deviation have Student's intervals of no more than +-effect, to 1%."""
    many = half_width(Mean(0.0, deviation, 1e6), rate)
    count = max(2, math.ceil((many / effect) ** 2))
    while half_width(Mean(0.0, deviation / math.sqrt(count), count - 1), rate) > effect:
        count += 1 + count // 100
    return count


def less(one: FloatArray, two: FloatArray) -> Mean:
    """Return the mean of one - two over seeds, which share start and batches.

    Raises:
        ValueError: both are the same numbers, so that nothing is compared.
    """
    if np.array_equal(one, two):
        raise ValueError("both series are the same: something is compared with itself")
    return over_seeds(one - two)


def regression(
    law: Law, rate: float, delta: float, steps: int, rng: np.random.Generator, count: int = 200
) -> FloatArray:
    """Return losses of logistic regression by slopes, shape (steps + 1, count), from 0 on data of their own.

    Labels follow a true direction with noise; each step sees 16 of 256 examples. "one-probe" is aligned
    with a single probe, "two-stage" the mean of a probe and a draw aligned with it; others take one slope.
    """
    dim, size, batch = 24, 256, 16
    truth = rng.standard_normal((count, dim, 1)) * 0.6
    data = rng.standard_normal((count, size, dim))
    signs = np.where(rng.random((count, size)) < 1 / (1 + np.exp(-(data @ truth)[..., 0])), 1.0, -1.0)
    data *= signs[..., None]
    x = np.zeros((count, dim))
    losses = np.empty((steps + 1, count))
    for t in range(steps + 1):
        margins = np.einsum("rnd,rd->rn", data, x)
        losses[t] = np.logaddexp(0, -margins).mean(axis=1)
        rows = rng.integers(0, size, (count, batch))
        seen = np.take_along_axis(data, rows[..., None], axis=1)
        weights = 1 / (1 + np.exp(np.einsum("rnd,rd->rn", seen, x)))
        gradient = -np.einsum("rn,rnd->rd", weights, seen) / batch
        x = x - rate * _estimate(law, gradient, delta, rng)
    return losses


def _estimate(law: Law, gradient: FloatArray, delta: float, rng: np.random.Generator) -> FloatArray:
    count, dim = gradient.shape

    def along(v: FloatArray) -> FloatArray:
        return (v * gradient).sum(axis=1, keepdims=True) * v

    z = rng.standard_normal((count, dim))
    if law == "gaussian":
        return along(z * np.sqrt(delta))
    uniform = z * np.sqrt(delta * dim) / np.linalg.norm(z, axis=1, keepdims=True)
    if law == "uniform":
        return along(uniform)
    first = along(uniform)
    e = first / np.linalg.norm(first, axis=1, keepdims=True)
    w = rng.standard_normal((count, dim))
    w -= (w * e).sum(axis=1, keepdims=True) * e
    w *= np.sqrt(delta * (dim - 1)) / np.linalg.norm(w, axis=1, keepdims=True)
    second = along(rng.choice([-1.0, 1.0], (count, 1)) * np.sqrt(delta) * e + w)
    return second if law == "one-probe" else (first + second) / 2
