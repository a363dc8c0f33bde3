"""Squared errors of gradient estimates on sets of coordinates, trial by trial."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from experiments import _rough_direction as rough
from experiments.dense_vs_sparse.gradients import Gradient
from zotheory.estimators import Central
from zotheory.laws import (
    DAP,
    Coordinate,
    Gaussian,
    ImportanceBlocks,
    Law,
    OrthonormalFrame,
    Rademacher,
    Sphere,
    TwoAtom,
)

TWO_STAGES = ("two-stage-refined", "two-stage-combined", "guided")
# Random numbers at once.
NUMBERS = 500_000
# f(x) = a.x: its central differences are a.v at every mu, whatever x is.
MU = 1.0


def law_named(name: str, gradient: Gradient, budget: int, p: float, spread: float) -> Law:
    """Return a law with delta = 1; the last three know the gradient or the energies of its blocks."""
    d = gradient.dim
    if name == "frame":
        return OrthonormalFrame(d, batch=budget)
    if name == "importance":
        return ImportanceBlocks(gradient.blocks, gradient.block_energies(spread))
    if name == "aligned-exact":
        return DAP(gradient.vector)
    if name == "two-atom-exact":
        return TwoAtom(gradient.vector, p)
    return {"sphere": Sphere, "gaussian": Gaussian, "rademacher": Rademacher, "coordinate": Coordinate}[
        name
    ](d)


def gradient_estimates(
    name: str,
    gradient: Gradient,
    budget: int,
    trials: int,
    rng: np.random.Generator,
    *,
    p: float,
    spread: float,
) -> Iterator[NDArray[np.float64]]:
    """Yield independent estimates of a, shape (trials in this part, dim), with ``budget`` draws each."""
    a = gradient.vector
    if name in TWO_STAGES:
        yield from _two_stages(name, a, budget, trials, rng)
        return
    estimator = Central(law_named(name, gradient, budget, p, spread), MU, budget)
    for part in estimator.stream(lambda points: points @ a, np.zeros(a.size), rng, trials):
        yield part.gradients


def squared_errors(parts: Iterator[NDArray[np.float64]], gradient: Gradient) -> NDArray[np.float64]:
    """Return |(g - a)_T|^2 for each trial and set, shape (trials, sets); |a| = 1."""
    a, chosen, rows = gradient.vector, gradient.sets.values(), []
    for found in parts:
        squares = (found - a) ** 2
        rows.append(np.stack([squares[:, which].sum(axis=1) for which in chosen], axis=1))
    return np.concatenate(rows)


def two_stage_parts(name: str, dim: int, budget: int) -> tuple[int, float | None, float]:
    """Return the draws of stage 1, p of guided draws (None for aligned ones), and the weight of stage 1.

    Half of the budget gives the direction. The weights are those of the least total error, or 0 for
    stage 2 alone, as the published algorithm updates.
    """
    first = budget // 2
    r1, _ = rough.probe_moments(dim, first)
    p = rough.guide_probability(dim, math.sqrt(r1)) if name == "guided" else None
    (one, _), (two, _) = rough.stage_errors(dim, first, budget - first, p)
    return first, p, 0.0 if name == "two-stage-refined" else two / (one + two)


def _two_stages(
    name: str, a: NDArray[np.float64], budget: int, trials: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    first, p, weight = two_stage_parts(name, a.size, budget)
    part = max(1, NUMBERS // (budget * a.size))
    for done in range(0, trials, part):
        z = rng.standard_normal((min(part, trials - done), budget, a.size))
        # Slopes of a linear function are a.v.
        one, two = rough.stages(lambda v: v @ a, z, first, p, rng)
        yield weight * one + (1 - weight) * two
