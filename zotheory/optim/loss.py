"""What a closure returns."""

import math
from typing import Any

import torch

from zotheory.errors import InvalidArgument, ZotheoryError

REMEDY = 'lower lr or mu, check the data, or say on_bad_loss="skip"'


class LossError(ZotheoryError, ValueError):
    """A loss that is not finite; the step was refused and the parameters are as before it."""

    def __init__(self, loss: float, step: int) -> None:
        super().__init__(loss, step)
        self.loss, self.step = loss, step

    def __str__(self) -> str:
        return f"loss = {self.loss} in step {self.step}: parameters are as before the step; {REMEDY}"


def read_loss(loss: Any) -> float:
    """Return a closure's loss as a float, finite or not.

    Raises:
        InvalidArgument: not a real number, nor a tensor or array of one.
    """
    if type(loss) is torch.Tensor and loss.ndim == 0 and loss.is_floating_point():
        return loss.item()
    given: Any = loss
    shown = loss
    if isinstance(loss, torch.Tensor):
        shown = f"tensor of shape {tuple(loss.shape)} and type {loss.dtype}"
        single = loss.numel() == 1 and not loss.is_complex() and loss.dtype != torch.bool
    else:
        single = not isinstance(loss, (bool, str, complex)) and getattr(loss, "size", 1) == 1
    try:
        return float(getattr(given, "item", lambda: given)()) if single else _refuse(shown)
    except (TypeError, ValueError):
        return _refuse(shown)
    except OverflowError:
        return math.inf


def _refuse(shown: object) -> float:
    remedy = "let the closure return one real number, a tensor such as outputs.loss or a float"
    raise InvalidArgument("closure()", shown, remedy)
