"""One attack on one image: steps until the answer changes, the budget is spent, or the run diverges."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from experiments._problem_attack import Attack
from zotheory.optim import LossError, ZerothOrderOptimizer


@dataclass(frozen=True, eq=False)
class Attempt:
    """What became of an attack.

    Attributes:
        success: whether the network was seen to give a wrong answer, or the target.
        queries: how often it was asked, the answer that showed the success included.
        diverged: whether a loss or the change was not finite; never together with success.
        margin: at the last change that the network was asked about, negative for success.
        image: then, shape (28, 28), in [0, 1].
    """

    success: bool
    queries: int
    diverged: bool
    margin: float
    image: torch.Tensor


class _Found(Exception):
    # The change as it is makes the network err: the rest of the step is not needed.
    pass


def attempt(
    attack: Attack, optimizer: Callable[[Attack], ZerothOrderOptimizer], budget: int, step_cost: int
) -> Attempt:
    """Attack an image with at most ``budget`` queries.

    Each step asks about the change as it is first, then about ``step_cost`` - 1 displaced ones. Only the
    former, which keep to the norm and the range of pixels, count as success. What is left at the end
    and does not suffice for a step is one more question, about the last change.
    """
    taken = optimizer(attack)
    asked, here, first = 0, math.inf, True
    image = attack.changed()

    def closure() -> float:
        nonlocal asked, here, first, image
        asked += 1
        loss = attack.loss()
        if first and math.isfinite(loss):
            here, first, image = loss, False, attack.changed()
            if loss < 0:
                raise _Found
        return loss

    diverged = False
    try:
        with torch.inference_mode():
            while asked + step_cost <= budget:
                first = True
                taken.step(closure)
                attack.project()
                if not bool(attack.change().isfinite().all()):
                    diverged = True
                    break
            if asked < budget and not diverged:
                first = True
                closure()
    except _Found:
        return Attempt(True, asked, False, here, image)
    except LossError:
        diverged = True
    return Attempt(False, asked, diverged, here, image)
