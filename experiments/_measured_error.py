"""Moments of an optimizer's gradient estimate at the state that a run has reached, without going on."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from zotheory.optim import ZerothOrderOptimizer
from zotheory.optim.evaluation import Evaluation

# Draws are those of steps that no run reaches.
FAR = 10**7
# What an estimate may leave behind.
_LEFT = ("steps", "along", "across", "probability", "block", "probabilities", "energies", "visits")


@dataclass(frozen=True)
class Moments:
    """Means over draws of an estimate g of a gradient a.

    Attributes:
        energy: of |g|^2 / |a|^2.
        energy_error: its standard error.
        overlap: of g.a / |a|^2, 1 for unbiased estimates.
        overlap_error: its standard error.
    """

    energy: float
    energy_error: float
    overlap: float
    overlap_error: float


def estimate_moments(
    optimizer: ZerothOrderOptimizer,
    closure: Callable[[], Any],
    gradient: Sequence[torch.Tensor],
    draws: int,
    weight: Callable[[], float] = lambda: 1.0,
) -> Moments:
    """Return moments of the estimate of the next step, the past given; the optimizer stays as it is.

    Function values are not charged to its counter.

    Args:
        optimizer: between two steps, without an update that waits.
        closure: the loss.
        gradient: a, one tensor a parameter, in the optimizer's order.
        draws: how many, at least 2.
        weight: called after each draw: what to multiply it by.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    exact = dict(zip(map(id, parameters), gradient, strict=True))
    size = math.fsum(float((g.double() ** 2).sum()) for g in gradient)
    kept = {name: copy.copy(getattr(optimizer, name)) for name in _LEFT if hasattr(optimizer, name)}
    found = np.empty((draws, 2))
    try:
        for draw in range(draws):
            vars(optimizer).update({name: copy.copy(value) for name, value in kept.items()})
            optimizer.steps = FAR + draw
            with torch.no_grad():
                layout = optimizer.layout()
                evaluation = Evaluation(optimizer.place(layout), closure)
                probes, _ = optimizer.estimate(layout, evaluation)
                total = torch.zeros(layout.dim, dtype=torch.float64)
                for coefficient, direction in probes:
                    row = direction.values(0, layout.dim, "cpu")
                    if row is not None:
                        total += coefficient * row.double()
                seen = torch.cat([exact[id(slot.parameter)].flatten() for slot in layout.slots]).double()
            factor = weight()
            found[draw] = factor**2 * float(total @ total) / size, factor * float(total @ seen) / size
    finally:
        vars(optimizer).update(kept)
    energy, overlap = found.mean(axis=0)
    errors = found.std(axis=0, ddof=1) / math.sqrt(draws)
    return Moments(float(energy), float(errors[0]), float(overlap), float(errors[1]))
