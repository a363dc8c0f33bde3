"""What a closure returns."""

import math
from typing import Any

import torch

from zotheory.errors import InvalidArgument, ZotheoryError

SKIP = ', or say on_bad_loss="skip"'
_REMEDIES = {
    "loss": "lower lr or mu, check the data",
    "coefficient": "the update cannot be computed with it: scale the loss down, raise mu",
    "new weight": "lower lr, or keep the weights in a wider type",
}


class LossError(ZotheoryError, ValueError):
    """A loss that is not finite; the step was refused and the parameters are as before it.

    Attributes:
        loss: its value, or that of what is named by ``what``.
        step: number of the step.
        what: "loss", "coefficient" (of a perturbation, from finite losses: more than the update's
            arithmetic holds), or "new weight" (it, or its momentum, more than their types hold).
    """

    def __init__(self, loss: float, step: int, what: str = "loss") -> None:
        super().__init__(loss, step, what)
        self.loss, self.step, self.what = loss, step, what

    def __str__(self) -> str:
        shown = f"{self.what} = {self.loss} in step {self.step}"
        return f"{shown}: parameters are as before the step; {_REMEDIES[self.what]}{SKIP}"


def read_loss(loss: Any) -> float:
    """Return a closure's loss as a float, finite or not.

    Raises:
        InvalidArgument: not a real number, nor a tensor or array of one.
    """
    if type(loss) is torch.Tensor and loss.ndim == 0 and loss.is_floating_point() and not loss.is_meta:
        return loss.item()
    given: Any = loss
    shown = loss
    if isinstance(loss, torch.Tensor) and loss.is_meta:
        remedy = "it has no value on the meta device: let all that the closure computes with have data"
        raise InvalidArgument("closure()", "tensor on the meta device", remedy)
    if isinstance(loss, torch.Tensor):
        shown = f"tensor of shape {tuple(loss.shape)} and type {loss.dtype}"
        single = loss.numel() == 1 and not loss.is_complex() and loss.dtype != torch.bool
    else:
        kind = getattr(getattr(loss, "dtype", None), "kind", "f")  # of numpy's arrays and numbers
        single = getattr(loss, "size", 1) == 1 and kind in "fiuO"
    try:
        number: Any = getattr(given, "item", lambda: given)() if single else None
        # Python reads numbers from strings, and True as 1.
        return _refuse(shown) if isinstance(number, (bool, str, bytes, bytearray)) else float(number)
    except (TypeError, ValueError):
        return _refuse(shown)
    except OverflowError:
        return math.inf


def _refuse(shown: object) -> float:
    remedy = "let the closure return one real number, a tensor such as outputs.loss or a float"
    raise InvalidArgument("closure()", shown, remedy)
