"""Descent on the mesh: two-point estimates, and steps that would invert a triangle refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments._mesh_loss import Interpolated
from zotheory.types import FloatArray

# Weight of the past in the mean of earlier estimates.
MEMORY = 0.95
# (n, b, dim) -> (n, b): differences along perturbations at the n points.
Slopes = Callable[[FloatArray], FloatArray]
# (slopes, points, memory) -> estimates, shape (n, dim)
Estimates = Callable[[Slopes, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Course:
    """Runs of descent.

    Attributes:
        losses: at the recorded steps, shape (records, runs).
        refused: steps that were refused until then, shape (records, runs).
        ends: the last moves, shape (runs, dim).
    """

    losses: FloatArray
    refused: FloatArray
    ends: FloatArray


def slopes_at(loss: Interpolated, points: FloatArray, mu: float) -> Slopes:
    """Return the central differences at points (n, dim), along perturbations (n, b, dim)."""

    def slopes(v: FloatArray) -> FloatArray:
        n, b, dim = v.shape
        ahead = loss((points[:, None] + mu * v).reshape(-1, dim))
        behind = loss((points[:, None] - mu * v).reshape(-1, dim))
        with np.errstate(invalid="ignore"):
            return ((ahead - behind) / (2 * mu)).reshape(n, b)

    return slopes


def descend(
    loss: Interpolated,
    estimates: Estimates,
    start: FloatArray,
    steps: FloatArray,
    records: Sequence[int],
    mu: float,
    least_area: float,
) -> Course:
    """Run x+ = x - eta g, one run for each step size eta.

    A step is refused, and x stays, if after it a triangle would have less than ``least_area`` of its first
    area, or if a probe met an inverted triangle, where the loss is infinite. Both are counted; the function
    values are spent. Areas cost no function value. The next step draws new perturbations.

    Args:
        loss: the objective.
        estimates: what gives g.
        start: moves, shape (runs, dim); sound.
        steps: eta of each run, shape (runs,).
        records: increasing step numbers at which the losses are taken.
        mu: smoothing distance.
        least_area: in [0, 1).
    """
    x = start.copy()
    memory, refused = np.zeros_like(x), np.zeros(len(steps))
    losses, counts = [], []
    for t in range(records[-1] + 1):
        if t in records:
            losses.append(loss(x))
            counts.append(refused.copy())
        if t == records[-1]:
            break
        found = estimates(slopes_at(loss, x, mu), x, memory)
        usable = np.all(np.isfinite(found), axis=1)
        found = np.where(usable[:, None], found, 0.0)
        moved = x - steps[:, None] * found
        taken = usable & loss.shape.sound(moved, least_area)
        refused += ~taken
        x = np.where(taken[:, None], moved, x)
        memory = np.where(usable[:, None], MEMORY * memory + (1 - MEMORY) * found, memory)
    return Course(np.array(losses), np.array(counts), x)
