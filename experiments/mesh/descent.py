"""Descent on the mesh: two-point estimates, and steps that would invert a triangle refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments._mesh_loss import Interpolated
from experiments.mesh.methods import Method, Slopes
from zotheory.types import FloatArray

# Weight of the past in the mean of estimates that guides.
MEMORY = 0.95


@dataclass(frozen=True, eq=False)
class Course:
    """Runs of descent.

    Attributes:
        losses: at the recorded steps, shape (records, runs).
        refused: steps that were refused until then, shape (records, runs).
        queries: function values that one run asked for until then, shape (records,).
        ends: the last moves, shape (runs, dim).
    """

    losses: FloatArray
    refused: FloatArray
    queries: FloatArray
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
    method: Method,
    steps: FloatArray,
    records: Sequence[int],
    mu: float,
    least_area: float,
    rng: np.random.Generator,
) -> Course:
    """Run x+ = x - eta g from the start, one run for each step size eta.

    A step is refused, and x stays, if after it a triangle would have less than ``least_area`` of its first
    area, or if a probe met an inverted triangle, where the loss is infinite. Both are counted; the function
    values are spent. Areas cost no function value. The next step draws new perturbations.

    Args:
        loss: the objective.
        method: of the estimates.
        steps: eta of each run, shape (runs,).
        records: increasing step numbers at which the losses are taken (not counted as queries).
        mu: smoothing distance.
        least_area: in [0, 1).
        rng: of the perturbations.
    """
    x = np.zeros((len(steps), loss.dim))
    memory, refused = np.zeros_like(x), np.zeros(len(steps))
    losses, counts = [], []
    for t in range(records[-1] + 1):
        if t in records:
            losses.append(loss(x))
            counts.append(refused.copy())
        if t == records[-1]:
            break
        gradients = loss.gradients(x) if method.knows == "gradient" else np.zeros_like(x)
        found = method.estimates(slopes_at(loss, x, mu), gradients, memory, rng)
        usable = np.all(np.isfinite(found), axis=1)
        found[~usable] = 0
        moved = x - steps[:, None] * found
        taken = usable & loss.shape.sound(moved, least_area)
        refused += ~taken
        x = np.where(taken[:, None], moved, x)
        memory = np.where(usable[:, None], MEMORY * memory + (1 - MEMORY) * found, memory)
    queries = 2.0 * method.batch * np.array(records)
    return Course(np.array(losses), np.array(counts), queries, x)
