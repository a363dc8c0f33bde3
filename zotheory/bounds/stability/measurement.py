"""Uniform stability by simulation: coupled runs on data sets that differ in one sample."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from zotheory.bounds.stability.argument import check_constant, check_order
from zotheory.bounds.stability.runs import CheckedLoss, CoupledRuns, SampleLoss
from zotheory.errors import InvalidArgument
from zotheory.laws import Law, require_unbiased
from zotheory.rng import as_generator
from zotheory.types import FloatArray, VectorLike
from zotheory.validation import check_count, numeric_dim

# Entries of the largest array of points of one chunk of trials.
_ENTRIES = 2**20


@dataclass(frozen=True, eq=False)
class MeasuredMean:
    """Means over independent trials with simultaneous intervals.

    Attributes:
        value: the means.
        low: lower ends, the same shape.
        high: upper ends, the same shape.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class MeasuredStability:
    """What coupled runs showed, replacement by replacement.

    Attributes:
        distance: E|x_T - x'_T|, entries (replacement,).
        loss: E[l(x_T; z) - l(x'_T; z)], entries (replacement, test sample).
        confidence: probability that all intervals of ``distance`` hold at once, and that all of
            ``loss`` do, by the normal approximation.
        trials: number of coupled runs.
    """

    distance: MeasuredMean
    loss: MeasuredMean
    confidence: float
    trials: int

    @property
    def stability(self) -> float:
        """The largest |E[l(x_T; z) - l(x'_T; z)]| seen, over replacements and test samples."""
        return float(np.abs(self.loss.value).max())

    @property
    def stability_low(self) -> float:
        """A lower confidence bound on the uniform stability: no smaller number fits all intervals."""
        return max(float(np.maximum(self.loss.low, -self.loss.high).max()), 0.0)


def measure_stability(
    loss: SampleLoss,
    data: VectorLike,
    places: VectorLike,
    replacements: VectorLike,
    law: Law,
    *,
    start: VectorLike,
    step_size: Any,
    steps: int,
    mu: Any,
    trials: int,
    rng: np.random.Generator | int,
    order: str = "replacement",
    central: bool = False,
    project: Callable[[FloatArray], FloatArray] | None = None,
    test: VectorLike = None,
    confidence: float = 0.99,
) -> MeasuredStability:
    """Run zeroth-order SGD on S and on each S^(i), with the same indices and perturbations.

    Nothing is assumed of the loss, so this also shows what happens outside the conditions of
    `uniform_stability`. The largest difference found is a lower bound on the supremum over data sets.

    Args:
        loss: l(X, Z) -> (n,) for points X of shape (n, dim) and samples Z of shape (n, ...).
        data: S, shape (N, ...), one sample a row.
        places: indices of the samples that are replaced, shape (k,), from 0 to N - 1.
        replacements: what they are replaced by, one at a time, shape (k, ...).
        law: perturbations in R^dim.
        start: x_0, shape (dim,).
        step_size: eta > 0; any size.
        steps: T >= 1.
        mu: step of the finite difference, above 0.
        trials: number of independent pairs of runs, at least 2.
        rng: generator or integer seed.
        order: "replacement" or "permutation" (a new order in every pass), as in `uniform_stability`.
        central: central instead of forward differences.
        project: projection of points (n, dim) on a convex set, applied after every step.
        test: samples at which losses are compared, shape (m, ...); data and replacements if not given.
        confidence: of the intervals, in (0, 1), all of a kind at once.

    Raises:
        InvalidArgument: an argument outside its range, or a loss that raises or returns anything but n
            finite numbers.
        NotUnbiased: E[v v^T] is not delta I.

    >>> from zotheory.laws import Rademacher
    >>> found = measure_stability(
    ...     lambda x, z: x[:, 0] * z, [1.0, 1.0], [0], [3.0], Rademacher(1), start=[0], step_size=0.5,
    ...     steps=1, mu=0.1, trials=400, rng=0)
    >>> found.distance.low[0] <= 0.5 <= found.distance.high[0]  # it moves by 1 if sample 0 is drawn
    np.True_
    """
    require_unbiased(law)
    dim, total = numeric_dim(law.dim), check_count(steps, "steps")
    eta, gap = check_constant(step_size, "step_size"), check_constant(mu, "mu")
    rows = _check_samples(data, "data")
    others = _check_samples(replacements, "replacements", rows.shape[1:])
    chosen = _check_places(places, len(rows), len(others))
    probes = (
        np.concatenate([rows, others]) if test is None else _check_samples(test, "test", rows.shape[1:])
    )
    origin = _check_samples(start, "start")
    if origin.shape != (dim,):
        raise InvalidArgument("start", start, f"give {dim} finite numbers, shape ({dim},)")
    if not callable(loss):
        raise InvalidArgument("loss", loss, "give a function l(X, Z) -> (n,)")
    if project is not None and not callable(project):
        raise InvalidArgument("project", project, "give a function of points (n, dim), or None")
    if check_count(trials, "trials") < 2:
        raise InvalidArgument("trials", trials, "give at least 2: intervals need a variance")
    level = check_constant(confidence, "confidence")
    if not level < 1:
        raise InvalidArgument("confidence", confidence, "give a number in (0, 1)")
    check_order(order)
    generator = as_generator(rng)
    runs = CoupledRuns(CheckedLoss(loss), rows, chosen, others, law, eta, gap, bool(central), project)
    distances, losses = [], []
    width = max(_ENTRIES // (dim * (1 + len(others)) * max(len(probes), 1)), 1)
    for first in range(0, trials, width):
        ends = runs.ends(origin, total, min(width, trials - first), order == "permutation", generator)
        distances.append(np.linalg.norm(ends[:, 1:] - ends[:, :1], axis=2))
        losses.append(runs.differences(ends, probes))
    return MeasuredStability(
        _interval(np.concatenate(distances), level),
        _interval(np.concatenate(losses), level),
        level,
        trials,
    )


def _interval(values: FloatArray, confidence: float) -> MeasuredMean:
    # Two-sided at confidence for all entries at once (union bound).
    entries = math.prod(values.shape[1:])
    quantile = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * entries))
    mean = values.mean(axis=0)
    radius = quantile * values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return MeasuredMean(mean, mean - radius, mean + radius)


def _check_samples(values: Any, name: str, shape: tuple[int, ...] | None = None) -> FloatArray:
    remedy = "give an array of finite numbers, one sample a row, at least one"
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(name, values, remedy) from error
    if array.ndim == 0 or len(array) == 0 or not np.all(np.isfinite(array)):
        raise InvalidArgument(name, values, remedy)
    if shape is not None and array.shape[1:] != shape:
        raise InvalidArgument(
            name, values, f"its samples have shape {array.shape[1:]}, those of data {shape}"
        )
    return array


def _check_places(places: Any, samples: int, count: int) -> Any:
    array = np.asarray(places)
    whole = array.dtype.kind in "iu" and array.shape == (count,)
    if not whole or array.min() < 0 or array.max() >= samples:
        raise InvalidArgument(
            "places", places, f"give {count} integers from 0 to {samples - 1}, one for each replacement"
        )
    return array
