"""Both evaluations of a central difference at once, in two threads on half of torch's threads each."""

import math
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from time import perf_counter

import torch

from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import Closure
from zotheory.optim.layerwise import Layerwise, attach
from zotheory.optim.layout import Layout
from zotheory.optim.lockstep import Agreement
from zotheory.optim.module_state import Buffers
from zotheory.optim.replay import Replay
from zotheory.optim.reuse import Prefix
from zotheory.optim.sides import Crossed, Ends, Sides

_CROSSED = "each of two evaluations waits for a parameter or a lock that the other one has"
# Seconds that one evaluation waits for the other, besides ten times what a pair takes.
_PATIENCE = 5.0


class Abreast(Layerwise):
    """Runs the closure at x + scale v and at x - scale v in two threads at once.

    Two forwards on one thread each take less time than one after the other on two: neither waits for the
    other's single-threaded work. A module whose parameters are displaced is run by one of them at a time.
    Layers below all that is displaced run before, once, in a run of the closure that ends where the first
    displaced module begins, by an exception that is no `Exception`; their output serves both (`Prefix`).

    That is so on a CPU; elsewhere they run one after the other.

    Model and closure must not mind that two of their runs overlap: what they write anywhere, such as
    buffers, caches, attributes with parts of the loss, seeds and settings of torch, is written by both. Nor
    may they exchange anything with other processes. Extra memory: all that an evaluation needs besides the
    parameters, a second time.

    The first pair for a set of parameters and for the modules' training modes is also evaluated one after
    the other, and at once so that the two take turns at every call of torch or of a module: then one finds
    what the other has written. If a bit or a buffer differs, as it also may where torch's sums depend on
    the number of its threads, if it fails, or if one keeps the other from taking its turn, there is a
    warning, and evaluations are run one after the other from then on. Not seen is what begins later, and a
    parameter that is used outside its module's forward for the first time then: where the other evaluation
    has displaced it, it is not NaN.

    Args:
        layout, model, watched, prefix, pending: as for `Layerwise`.
        agreement: what earlier pairs have shown.
    """

    def __init__(
        self,
        layout: Layout,
        model: torch.nn.Module,
        agreement: Agreement,
        watched: int = 0,
        prefix: Prefix | None = None,
        pending: Replay | None = None,
    ) -> None:
        super().__init__(layout, model, watched, prefix, pending)
        self.agreement = agreement

    def pair(self, closure: Closure, direction: Direction, scale: float) -> Iterator[float]:
        """Yield the losses at x + scale v and at x - scale v; errors as `Layerwise.loss`."""
        on_cpu = all(slot.parameter.device.type == "cpu" for slot in self.layout.slots)
        if self.watched > 0 or not self.agreement.active or not on_cpu:
            yield from super().pair(closure, direction, scale)
            return
        parameters = tuple(id(slot.parameter) for slot in self.layout.slots)
        # Batch norm and dropout do something else in training.
        known = *parameters, *(module.training for module in self.model.modules())
        if known not in self.agreement.compared:
            yield from self._compared(closure, direction, scale, parameters, known)
            return
        try:
            found = self._both(closure, direction, scale, parameters)
        except Crossed:
            found = None
            self._give_up(_CROSSED)
        if found is None or not all(map(math.isfinite, found)):
            # It may be a parameter used where it is withheld: then the pair below raises.
            self.watched = 0 if found is None else 2
            found = list(super().pair(closure, direction, scale))
        yield from found

    def _compared(
        self,
        closure: Closure,
        direction: Direction,
        scale: float,
        parameters: tuple[int, ...],
        known: tuple[int, ...],
    ) -> list[float]:
        before, start = Buffers(self.model), perf_counter()
        plain = list(super().pair(closure, direction, scale))
        if not all(map(math.isfinite, plain)):
            return plain
        self.agreement.seconds = max(perf_counter() - start, self.agreement.seconds)
        after, drawn = Buffers(self.model), torch.get_rng_state()
        before.restore()
        found = None
        try:
            found = self._both(closure, direction, scale, parameters, turns=True)
        except Crossed:
            self._give_up(_CROSSED)
        except Exception as error:
            self._give_up(f"evaluated at once, they end in {error!r}")
        else:
            if found is not None and found != plain:
                self._give_up(f"the two losses are {found} at once and {plain} one after the other")
            elif not before.unchanged():
                self._give_up("the forward writes to buffers")
        finally:
            after.restore()
            torch.set_rng_state(drawn)
        if found is not None:
            self.agreement.compared.add(known)
        return plain

    def _give_up(self, what: str) -> None:
        self.agreement.active = False
        warnings.warn(f"{what}: evaluations are run one after the other from here on", stacklevel=2)

    def _both(
        self,
        closure: Closure,
        direction: Direction,
        scale: float,
        parameters: tuple[int, ...],
        turns: bool = False,
    ) -> list[float] | None:
        self.settle()
        patience = _PATIENCE + 10 * self.agreement.seconds
        sides = Sides(self.layout, direction, scale, patience, turns)

        def evaluate(around: AbstractContextManager[None]) -> list[float]:
            nonlocal sides
            sides = Sides(self.layout, direction, scale, patience, turns)
            with sides, self._attached(sides), around:
                found = sides.losses(closure)
            for run in sides.runs:
                self.check_reached(run)
            return found

        def below(around: AbstractContextManager[None], ends: "Ends") -> None:
            with ends, self._attached(ends), around:
                closure()

        if self.prefix is None or not self.prefix.active:
            return evaluate(nullcontext())
        ends = Ends(self.layout, direction, scale)
        return self.prefix.both(
            parameters, evaluate, lambda around: below(around, ends), lambda: ends.ended, lambda: sides.side
        )

    def _attached(self, run: "Sides | Ends") -> ExitStack:
        stack = ExitStack()
        for owner in self.owners:
            attach(run, *owner, stack)
        return stack
