"""SGD with a batch of central differences a step, all runs at once; runs that diverge are given up."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.sgd_synthetic.methods import Method
from experiments.sgd_synthetic.problems import Problem

Array = NDArray[np.float64]

# A run whose loss grows by this factor is given up; its losses are infinite from then on.
DIVERGED = 1e6
# A run is inside the box if it keeps this share of it, so that the points x +- mu v are inside as well.
MARGIN = 0.99


@dataclass(frozen=True)
class Runs:
    """Independent runs.

    Attributes:
        losses: f(x_t) - f*, t = 0, ..., steps, shape (steps + 1, trials).
        squares: |grad f(x_t)|^2, of the same shape.
        inside: whether a run stayed inside the box all the time, shape (trials,).
    """

    losses: Array
    squares: Array
    inside: NDArray[np.bool_]


def descend(
    problem: Problem,
    method: Method,
    step: float,
    steps: int,
    trials: int,
    mu: float,
    rng: np.random.Generator,
) -> Runs:
    """Run x+ = x - step g from the problem's start."""
    points = np.tile(problem.start, (trials, 1))
    losses, squares = np.full((2, steps + 1, trials), math.inf)
    inside, running, limit = np.ones(trials, dtype=bool), np.arange(trials), DIVERGED * problem.gap
    for t in range(steps + 1):
        gradients, values = problem.gradients(points), problem.values(points)
        losses[t, running], squares[t, running] = values, np.einsum("nd,nd->n", gradients, gradients)
        inside[running] &= np.abs(points).max(axis=1) <= MARGIN * problem.box
        kept = values <= limit
        inside[running[~kept]] = False
        losses[t, running[~kept]] = squares[t, running[~kept]] = math.inf
        running, points, gradients = running[kept], points[kept], gradients[kept]
        if not running.size or t == steps:
            break

        def slopes(v: Array, points: Array = points) -> Array:
            # One call for the points ahead and one for those behind.
            shape, flat = v.shape[:2], (-1, v.shape[2])
            ahead = problem.values((points[:, None] + mu * v).reshape(flat))
            behind = problem.values((points[:, None] - mu * v).reshape(flat))
            return ((ahead - behind) / (2 * mu)).reshape(shape)

        points = points - step * method.estimate(slopes, gradients, rng)
    return Runs(losses, squares, inside)
