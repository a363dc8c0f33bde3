"""Evaluating a closure at displaced parameters, and putting back every bit."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from zotheory.optim.directions import Direction
from zotheory.optim.layout import Layout, Slot, flat_view


class Place(Protocol):
    """A way of displacing parameters for the length of a with block."""

    def displaced(self, direction: Direction, scale: float) -> AbstractContextManager[None]:
        """Return a context in which the model's parameters are x + scale v."""
        ...


def displace(slot: Slot, direction: Direction, scale: float) -> None:
    """Add scale v to a parameter in place; sums are rounded once to its type."""
    with flat_view(slot.parameter) as entries:
        for low, high in slot.windows():
            step = direction.values(slot.start + low, slot.start + high, entries.device)
            if step is not None:
                # The product is rounded before the sum, as on every device.
                step = step.to(slot.dtype).mul_(scale)
                entries[low:high] = step.add_(entries[low:high].to(slot.dtype))


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
                displace(slot, direction, scale)
            yield
        finally:
            for slot, copy in zip(self.layout.slots, self.copies, strict=True):
                slot.parameter.detach().copy_(copy)
