"""Evaluating a closure at displaced parameters, and putting back every bit."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from zotheory.optim.directions import Direction, Kept, scaled
from zotheory.optim.distributed import Ranks, Task, evaluate
from zotheory.optim.layout import Layout, Slot, pieces
from zotheory.optim.loss import read_loss
from zotheory.optim.workspace import borrowed

Closure = Callable[[], Any]


class Place(ABC):
    """A way of displacing parameters for an evaluation."""

    @abstractmethod
    def loss(self, closure: Closure, direction: Direction, scale: float) -> float:
        """Return the closure's loss, finite or not, with the parameters at x + scale v."""

    def pair(self, closure: Closure, direction: Direction, scale: float) -> Iterator[float]:
        """Yield the losses at x + scale v and at x - scale v; errors as `loss`."""
        yield self.loss(closure, direction, scale)
        yield self.loss(closure, direction, -scale)

    def settle(self) -> None:
        """Bring the parameters up to date, where that waits until they are displaced."""
        return


class BadLoss(Exception):
    """A loss that is not finite, or something else that is beyond the numbers of its type."""

    def __init__(self, loss: float, what: str = "loss") -> None:
        super().__init__(loss, what)
        self.loss, self.what = loss, what


class Evaluation:
    """The losses of one step: of the closure at the parameters and around them.

    Args:
        place: displaces the parameters and restores them.
        closure: returns the loss at the parameters as they are.
        ranks: who shares the step, if anyone does; all must ask for the same.

    Attributes:
        count: losses evaluated so far, by all ranks together; a mean over ranks counts as one.
    """

    def __init__(self, place: Place, closure: Closure, ranks: Ranks | None = None) -> None:
        self.place, self.closure, self.ranks = place, _uncached(closure), ranks
        self.count = 0
        self._here: float | None = None

    def pairs(
        self, directions: Iterable[Direction], scale: float, *, forward: bool
    ) -> list[tuple[float, float]]:
        """Return for each direction the two losses of its slope.

        They are those at x + scale v and at x - scale v, or with ``forward`` at x + scale v and at x, where
        the latter is evaluated once in the life of this object. Ranks that share the step divide them, or
        average each, in one exchange: ask for as many as possible at once.

        Raises:
            BadLoss: one is not finite.
            InvalidArgument: the closure returned something else than one real number.
            RankError: another rank failed.
            ReplicaError: the ranks' settings differ.
        """
        if not forward:
            found = self._losses([partial(self._two, u, scale) for u in directions], 2)
            return list(zip(found[::2], found[1::2], strict=True))
        tasks = [partial(self._one, u, scale) for u in directions]
        if self._here is None:
            self._here, *found = self._losses([self._one, *tasks], 1)
        else:
            found = self._losses(tasks, 1)
        return [(ahead, self._here) for ahead in found]

    def _one(self, direction: Direction | None = None, scale: float = 0.0) -> Iterator[float]:
        if direction is None:
            self.place.settle()
            yield read_loss(self.closure())
        else:
            yield self.place.loss(self.closure, direction, scale)

    def _two(self, direction: Direction, scale: float) -> Iterator[float]:
        return self.place.pair(self.closure, direction, scale)

    def _losses(self, tasks: Sequence[Task], width: int) -> list[float]:
        found, count, failure = evaluate(tasks) if self.ranks is None else self.ranks.share(tasks, width)
        self.count += count
        if failure is not None:
            raise failure
        for loss in found:
            if not math.isfinite(loss):
                raise BadLoss(loss)
        return found


def _uncached(closure: Closure) -> Closure:
    # Autocast would keep casts of parameters that were displaced.
    def run() -> Any:
        torch.clear_autocast_cache()
        try:
            return closure()
        finally:
            torch.clear_autocast_cache()

    return run


def displace(
    slot: Slot,
    source: torch.Tensor,
    direction: Direction,
    scale: float,
    target: torch.Tensor,
    first: int = 0,
) -> None:
    """Write entries of a parameter plus scale v to ``target``; sums are rounded once to its type.

    Args:
        slot: the parameter's place in the flat index.
        source: all its entries, as one row.
        direction: v.
        scale: its factor.
        target: a row of memory other than the source's.
        first: which entry of the source goes to target[0].
    """
    if direction.fill_moved(target, slot.start + first, scale, source[first : first + target.numel()]):
        return
    for low, high in pieces(target.numel()):
        there, here = target[low:high], source[first + low : first + high]
        # The product is rounded before the sum, as on every device.
        if there.dtype == slot.dtype:
            if scaled(direction, scale, there, slot.start + first + low):
                there.add_(here)
            else:
                there.copy_(here)
        else:
            with borrowed(high - low, slot.dtype, there.device) as wide:
                found = scaled(direction, scale, wide, slot.start + first + low)
                there.copy_(wide.add_(here) if found else here)


class Snapshot(Place):
    """Displaces all parameters at once, and restores them from a copy of them all.

    The copy is made when the object is and serves all evaluations of a step.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.copies = [slot.parameter.detach().clone() for slot in layout.slots]

    def loss(self, closure: Closure, direction: Direction, scale: float) -> float:
        """Return the loss at x + scale v."""
        try:
            for slot, copy in zip(self.layout.slots, self.copies, strict=True):
                data = slot.parameter.detach()
                if data.is_contiguous():
                    displace(slot, copy.view(-1), direction, scale, data.view(-1))
                else:
                    moved = torch.empty_like(copy, memory_format=torch.contiguous_format)
                    displace(slot, copy.reshape(-1), direction, scale, moved.view(-1))
                    data.copy_(moved)
            return read_loss(closure())
        finally:
            self._restore()

    def pair(self, closure: Closure, direction: Direction, scale: float) -> Iterator[float]:
        """Yield the losses at x + scale v and at x - scale v."""
        if not isinstance(direction, Kept) or not all(map(_is_plain, self.layout.slots)):
            yield from super().pair(closure, direction, scale)
            return
        # Small: the product scale v is made once, and restored once. x - p is x + (-p), to the bit.
        products = [direction.product(slot, scale) for slot in self.layout.slots]
        found: list[float] = []
        failure = None
        try:
            for move in (torch.add, torch.sub):
                for slot, copy, product in zip(self.layout.slots, self.copies, products, strict=True):
                    if product is not None:
                        move(copy, product, out=slot.parameter.detach())
                found.append(read_loss(closure()))
                if not math.isfinite(found[0]):
                    break
        except Exception as error:
            failure = error
        finally:
            self._restore()
        yield from found
        if failure is not None:
            raise failure

    def _restore(self) -> None:
        # One that the closure made impossible to write to keeps none of the others displaced.
        failure = None
        for slot, copy in zip(self.layout.slots, self.copies, strict=True):
            try:
                slot.parameter.detach().copy_(copy)
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure


def _is_plain(slot: Slot) -> bool:
    return slot.parameter.dtype == slot.dtype and slot.parameter.is_contiguous()
