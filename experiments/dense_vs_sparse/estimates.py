"""Squared errors of gradient estimates on sets of coordinates, trial by trial."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from experiments import _rough_direction as rough
from experiments.dense_vs_sparse.gradients import Gradient
from zotheory.estimators import Central, Estimator, TwoStage
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
from zotheory.laws.aligned_rows import unit_rows

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
    first, a = budget // 2, gradient.vector
    if name == "guided":
        for _ in range(trials):
            yield _guided(a, first, budget - first, rng)
        return
    if name.startswith("two-stage"):
        combination = "optimal" if name.endswith("combined") else "second"
        estimator: Estimator = TwoStage(Gaussian(a.size), MU, first, budget - first, combination)
    else:
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


def _guided(
    a: NDArray[np.float64], first: int, second: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    # Slopes of a linear function are a.v.
    z = rng.standard_normal((first, a.size))
    direction, _ = unit_rows(((z @ a) @ z)[None])
    r1, _ = rough.probe_moments(a.size, first)
    p = rough.guide_probability(a.size, math.sqrt(r1))
    (v,) = rough.guided_rows(rng.standard_normal((1, second, a.size)), direction, p, rng)
    return ((v @ a) @ v)[None] / second
