"""Evaluating a closure at displaced parameters, and putting back every bit."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch

from zotheory.optim.directions import Direction, scaled
from zotheory.optim.layout import Layout, Slot, flat_view, pieces
from zotheory.optim.loss import read_loss
from zotheory.optim.workspace import borrowed

Closure = Callable[[], Any]


class Place(Protocol):
    """A way of displacing parameters for the length of a with block."""

    def displaced(self, direction: Direction, scale: float) -> AbstractContextManager[None]:
        """Return a context in which the model's parameters are x + scale v."""
        ...


class BadLoss(Exception):
    """A loss or a coefficient that is not finite."""

    def __init__(self, loss: float) -> None:
        super().__init__(loss)
        self.loss = loss


class Evaluation:
    """The losses of one step: of the closure at the parameters and around them.

    Args:
        place: displaces the parameters and restores them.
        closure: returns the loss at the parameters as they are.

    Attributes:
        count: losses evaluated so far.
    """

    def __init__(self, place: Place, closure: Closure) -> None:
        self.place, self.closure = place, closure
        self.count = 0

    def at(self, direction: Direction | None = None, scale: float = 0.0) -> float:
        """Return the loss at x + scale v, or at x without arguments.

        Raises:
            BadLoss: it is not finite.
            InvalidArgument: the closure returned something else than one real number.
        """
        if direction is None:
            found = self.closure()
        else:
            with self.place.displaced(direction, scale):
                found = self.closure()
        loss = read_loss(found)
        self.count += 1
        if not math.isfinite(loss):
            raise BadLoss(loss)
        return loss

    def both(self, direction: Direction, scale: float) -> tuple[float, float]:
        """Return the losses at x + scale v and at x - scale v; errors as `at`."""
        return self.at(direction, scale), self.at(direction, -scale)


def displace(slot: Slot, direction: Direction, scale: float, target: torch.Tensor, first: int = 0) -> None:
    """Write entries of a parameter plus scale v to ``target``; sums are rounded once to its type.

    Args:
        slot: the parameter.
        direction: v.
        scale: its factor.
        target: one row; it may be the parameter's own memory.
        first: which entry of the parameter, counted row by row, goes to target[0].
    """
    entries = slot.parameter.detach().reshape(-1)  # a copy where memory is not in order
    for low, high in pieces(len(target)):
        there, here = target[low:high], entries[first + low : first + high]
        with borrowed(high - low, slot.dtype, there.device) as step:
            # The product is rounded before the sum, as on every device.
            if scaled(direction, scale, step, slot.start + first + low):
                if here.dtype == slot.dtype:
                    torch.add(step, here, out=there)
                else:
                    there.copy_(step.add_(here))
            elif there.data_ptr() != here.data_ptr():
                there.copy_(here)


class Snapshot:
    """Displaces all parameters at once, and restores them from a copy of them all.

    The copy is made when the object is and serves all evaluations of a step.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.copies = [slot.parameter.detach().clone() for slot in layout.slots]

    @contextmanager
    def displaced(self, direction: Direction, scale: float) -> Iterator[None]:
        """Add scale v to the parameters within the block."""
        try:
            for slot in self.layout.slots:
                with flat_view(slot.parameter) as entries:
                    displace(slot, direction, scale, entries)
            yield
        finally:
            for slot, copy in zip(self.layout.slots, self.copies, strict=True):
                slot.parameter.detach().copy_(copy)
