"""Both evaluations of a central difference side by side: each layer's perturbation is made once."""

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import torch

from zotheory.optim.directions import Direction, scaled
from zotheory.optim.evaluation import Closure
from zotheory.optim.layerwise import Layerwise, Run, attach, withhold
from zotheory.optim.layout import Layout, Slot, pieces
from zotheory.optim.loss import read_loss
from zotheory.optim.module_state import Buffers
from zotheory.optim.replay import Replay
from zotheory.optim.threads import Stopped, in_two_threads
from zotheory.optim.workspace import Spare

# Perturbations kept for an evaluation that may never ask for them, as it takes another way.
_KEPT = 8


class Agreement:
    """Whether losses in lockstep are those of one evaluation after the other; it outlives a step.

    Attributes:
        active: whether no difference was found so far.
        compared: the sets of parameters, by identity, for which both ways were compared.
        seconds: the longest that a pair of losses took when it was compared.
    """

    def __init__(self, active: bool = True) -> None:
        self.active = active
        self.compared: set[tuple[int, ...]] = set()
        self.seconds = 0.0

    def __reduce__(self) -> Any:
        return Agreement, (self.active,)  # a copy is of other parameters, for which nothing is compared yet


class Lockstep(Layerwise):
    """Runs the closure at x + scale v and at x - scale v in two threads that take turns, layer by layer.

    One evaluation runs at any time. It hands over where it is about to displace a layer that the other has
    not reached yet; so the other finds the product scale v of the layer before, which it subtracts. Losses
    are the same, bit for bit, as one after the other. The closure must not mind that it begins a second
    time, in a thread of its own, before it has ended; so layers must not write what is read later, such as
    parts of the loss. Grad, inference and autocast modes and the default device are carried over, other
    modes of the calling thread are not. What layers write to buffers, such as running means, may be in
    another order. Extra memory: two layers, and what the model keeps between layers a second time.

    The first pair for a set of parameters is also evaluated one after the other. If a bit differs there is
    a warning, and nothing is run in lockstep from then on.

    Args:
        layout, model, watched, pending: as for `Layerwise`.
        agreement: what earlier pairs have shown.
    """

    def __init__(
        self,
        layout: Layout,
        model: torch.nn.Module,
        agreement: Agreement,
        watched: int = 0,
        pending: Replay | None = None,
    ) -> None:
        super().__init__(layout, model, watched, pending=pending)
        self.agreement = agreement

    def pair(self, closure: Closure, direction: Direction, scale: float) -> Iterator[float]:
        """Yield the losses at x + scale v and at x - scale v; errors as `Layerwise.loss`."""
        if self.watched > 0 or not self.agreement.active:
            yield from super().pair(closure, direction, scale)
            return
        parameters = tuple(id(slot.parameter) for slot in self.layout.slots)
        # The first time both ways start from the same buffers, and those of the plain one are kept.
        buffers = None if parameters in self.agreement.compared else Buffers(self.model)
        both = _Both(self.layout, direction, scale, self.pending)
        with both, ExitStack() as stack:
            for owner in self.owners:
                attach(both, *owner, stack)
            found = both.losses(closure)
        for side in both.sides:
            self.check_reached(side)
        finite = all(math.isfinite(loss) for loss in found)
        if not finite:
            self.watched = 2  # it may be a parameter used where it is withheld: then the pair below raises
        if not finite or buffers is not None:
            if buffers is not None:
                buffers.restore()
            plain = list(super().pair(closure, direction, scale))
            self.agreement.compared.add(parameters)
            if not all(a == b or (a != a and b != b) for a, b in zip(found, plain, strict=True)):
                self._give_up(found, plain)
            found = plain
        yield from found

    def _give_up(self, found: list[float], plain: list[float]) -> None:
        self.agreement.active = False
        what = f"the two losses are {found} in lockstep and {plain} one after the other"
        warnings.warn(f"{what}: nothing is run in lockstep from here on", stacklevel=2)


class _Both:
    # Passes what the hooks say to the evaluation whose turn it is.

    def __init__(self, layout: Layout, direction: Direction, scale: float, pending: Replay | None) -> None:
        products: dict[int, tuple[torch.Tensor | None, _Side]] = {}
        spare = Spare()
        self.sides = tuple(
            _Side(layout, direction, scale, sign, products, spare, pending) for sign in (1, -1)
        )
        self.turn, self.stopped = 0, False
        self.done = [False, False]
        self.changed = threading.Condition()

    def __enter__(self) -> None:
        self.sides[0].__enter__()

    def __exit__(self, *error: object) -> None:
        self.sides[0].__exit__()

    def enter(self, slots: list[Slot]) -> None:
        me = self.turn
        if self.sides[me].entered > self.sides[1 - me].entered and not self.done[1 - me]:
            self._give(1 - me)
            self._await(me)
        if self.stopped:
            raise Stopped
        self.sides[me].entered += 1
        self.sides[me].enter(slots)

    def leave(self, slots: list[Slot]) -> None:
        if self.stopped:
            raise Stopped  # the parameters may be the caller's again
        self.sides[self.turn].leave(slots)

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        self.sides[self.turn].displace(slot, target, first)

    def losses(self, closure: Closure) -> list[float]:
        def evaluate(number: int) -> float:
            self._await(number)
            return read_loss(closure())

        return in_two_threads(evaluate, self._end, self._stop, "zotheory lockstep", torch.get_num_threads())

    def _stop(self) -> None:
        self.stopped = True

    def _end(self, number: int) -> None:
        self.done[number] = True
        self._give(1 - number)

    def _give(self, other: int) -> None:
        with self.changed:
            if self.turn != other and not self.done[other]:
                self.sides[self.turn].pause()
                self.sides[other].resume()
                # All threads share autocast's casts, and these are of the other displacement.
                torch.clear_autocast_cache()
                self.turn = other
            self.changed.notify_all()

    def _await(self, me: int) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.turn == me or self.stopped)
        if self.stopped:
            raise Stopped


class _Side(Run):
    # The evaluation at x + scale v or at x - scale v.

    def __init__(
        self,
        layout: Layout,
        direction: Direction,
        scale: float,
        sign: int,
        products: "dict[int, tuple[torch.Tensor | None, _Side]]",
        spare: Spare,
        pending: Replay | None,
    ) -> None:
        super().__init__(layout, direction, sign * scale, spare, pending)
        self.sign, self.products = sign, products
        self.entered = 0
        self._paused: list[tuple[Slot, torch.Tensor]] = []

    def pause(self) -> None:
        """Withhold what is displaced by a forward around the one to come."""
        self._paused = [(slot, slot.parameter.data) for slot in self.layout.slots if self.displaced(slot)]
        for slot, _ in self._paused:
            withhold(slot)

    def resume(self) -> None:
        """Undo `pause`."""
        for slot, copy in self._paused:
            slot.parameter.data = copy
        self._paused = []

    def write(self, slot: Slot, source: torch.Tensor, target: torch.Tensor, first: int) -> None:
        if target.numel() < slot.size:  # a table in chunks
            super().write(slot, source, target, first)
            return
        key = id(slot.parameter)
        if key not in self.products:
            if len(self.products) >= _KEPT:
                del self.products[next(iter(self.products))]
            self.products[key] = self._product(slot, target.device), self
        product, maker = self.products[key]
        if product is None:
            target.copy_(source)
        else:
            # source + (-p) is source - p, to the bit.
            wide = source if source.dtype == slot.dtype else source.to(slot.dtype)
            if target.dtype == slot.dtype:
                torch.add(wide, product, alpha=maker.sign * self.sign, out=target)
            else:
                target.copy_(torch.add(wide, product, alpha=maker.sign * self.sign))
        if maker is not self:
            del self.products[key]
            if product is not None:
                self.spare.give(product)

    def _product(self, slot: Slot, device: torch.device) -> torch.Tensor | None:
        # scale v of this side, for the whole parameter
        product = self.spare.take(slot.size, slot.dtype, device)
        found = False
        for low, high in pieces(slot.size):
            if scaled(self.direction, self.scale, product[low:high], slot.start + low):
                found = True
            else:
                product[low:high] = 0
        return product if found else None
