"""Both evaluations of a central difference at once, in two threads on half of torch's threads each."""

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import Closure
from zotheory.optim.layerwise import Layerwise, Run, attach
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.lockstep import Agreement
from zotheory.optim.loss import read_loss
from zotheory.optim.module_state import Buffers
from zotheory.optim.replay import Replay
from zotheory.optim.reuse import Prefix, Reached
from zotheory.optim.threads import Stopped, in_two_threads

_CROSSED = "each of two evaluations waits for a parameter that the other one has"


class Abreast(Layerwise):
    """Runs the closure at x + scale v and at x - scale v in two threads at once.

    Two forwards on one thread each take less time than one after the other on two: neither waits for the
    other's single-threaded work. A module whose parameters are displaced is run by one of them at a time.
    Layers below all that is displaced run before, once, in a run of the closure that ends where the first
    displaced module begins, by an exception that is no `Exception`; their output serves both (`Prefix`).

    That is so on a CPU; elsewhere they run one after the other.

    Model and closure must not mind that two of their runs overlap: what a forward writes anywhere, such as
    buffers, caches, or parts of the loss, is written by both. Extra memory: all that an evaluation needs
    besides the parameters, a second time.

    The first pair for a set of parameters is also evaluated one after the other. If a bit or a buffer
    differs, as it may where torch's sums depend on the number of its threads, or if it fails, there is a
    warning, and evaluations are run one after the other from then on.

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
        if parameters not in self.agreement.compared:
            yield from self._compared(closure, direction, scale, parameters)
            return
        try:
            found = self._both(closure, direction, scale, parameters)
        except _Crossed:
            found = None
            self._give_up(_CROSSED)
        if found is None or not all(map(math.isfinite, found)):
            # It may be a parameter used where it is withheld: then the pair below raises.
            self.watched = 0 if found is None else 2
            found = list(super().pair(closure, direction, scale))
        yield from found

    def _compared(
        self, closure: Closure, direction: Direction, scale: float, parameters: tuple[int, ...]
    ) -> list[float]:
        before = Buffers(self.model)
        plain = list(super().pair(closure, direction, scale))
        if not all(map(math.isfinite, plain)):
            return plain
        after = Buffers(self.model)
        before.restore()
        try:
            found = self._both(closure, direction, scale, parameters)
        except _Crossed:
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
        self.agreement.compared.add(parameters)
        return plain

    def _give_up(self, what: str) -> None:
        self.agreement.active = False
        warnings.warn(f"{what}: evaluations are run one after the other from here on", stacklevel=2)

    def _both(
        self, closure: Closure, direction: Direction, scale: float, parameters: tuple[int, ...]
    ) -> list[float] | None:
        self.settle()
        sides = _Sides(self.layout, direction, scale)

        def evaluate(around: AbstractContextManager[None]) -> list[float]:
            nonlocal sides
            sides = _Sides(self.layout, direction, scale)
            with sides, self._attached(sides), around:
                found = sides.losses(closure)
            for run in sides.runs:
                self.check_reached(run)
            return found

        def below(around: AbstractContextManager[None], ends: "_Ends") -> None:
            with ends, self._attached(ends), around:
                closure()

        if self.prefix is None or not self.prefix.active:
            return evaluate(nullcontext())
        ends = _Ends(self.layout, direction, scale)
        return self.prefix.both(
            parameters, evaluate, lambda around: below(around, ends), lambda: ends.ended, lambda: sides.side
        )

    def _attached(self, run: "_Sides | _Ends") -> ExitStack:
        stack = ExitStack()
        for owner in self.owners:
            attach(run, *owner, stack)
        return stack


class _Crossed(BaseException):
    # Modules with the same parameters are inside one another in two orders.
    pass


class _Ends(Run):
    # The evaluation that ends where the first displaced module begins.
    ended = False

    def enter(self, slots: list[Slot]) -> None:
        self._end()

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        self._end()

    def _end(self) -> None:
        self.ended = True
        raise Reached


class _Sides:
    # Passes what the hooks say to the evaluation of the thread, and holds the other back meanwhile.

    def __init__(self, layout: Layout, direction: Direction, scale: float) -> None:
        self.runs = Run(layout, direction, scale), Run(layout, direction, -scale)
        self._mine = threading.local()
        self._holders: dict[int, tuple[int, int]] = {}  # which evaluation has a parameter, how often
        self._waits = [False, False]
        self._stopped = False
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        self.runs[0].__enter__()

    def __exit__(self, *error: object) -> None:
        self.runs[0].__exit__()

    @property
    def side(self) -> int:
        """Return which evaluation the calling thread runs."""
        found = getattr(self._mine, "side", None)
        if found is None:
            remedy = "its forward runs in threads of its own: leave abreast=True out"
            raise InvalidArgument("model", threading.current_thread().name, remedy)
        return found

    def enter(self, slots: list[Slot]) -> None:
        me, keys = self.side, [id(slot.parameter) for slot in slots]

        def free() -> bool:
            return self._stopped or all(self._holders.get(key, (me, 0))[0] == me for key in keys)

        with self._changed:
            if not free():
                self._waits[me] = True
                if self._waits[1 - me]:
                    raise _Crossed
                self._changed.wait_for(free)
                self._waits[me] = False
            if self._stopped:
                raise Stopped
            for key in keys:
                self._holders[key] = me, self._holders.get(key, (me, 0))[1] + 1
        torch.clear_autocast_cache()  # all threads share its casts: there may be one from the other point
        self.runs[me].enter(slots)

    def leave(self, slots: list[Slot]) -> None:
        me = self.side
        self.runs[me].leave(slots)
        with self._changed:
            for slot in slots:
                count = self._holders[id(slot.parameter)][1] - 1
                if count:
                    self._holders[id(slot.parameter)] = me, count
                else:
                    del self._holders[id(slot.parameter)]
            self._changed.notify_all()

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        if self._stopped:
            raise Stopped
        self.runs[self.side].displace(slot, target, first)

    def losses(self, closure: Closure) -> list[float]:
        def evaluate(number: int) -> float:
            self._mine.side = number
            return read_loss(closure())

        threads = max(1, torch.get_num_threads() // 2)
        return in_two_threads(evaluate, self._end, self._stop, "zotheory abreast", threads)

    def _stop(self) -> None:
        self._stopped = True

    def _end(self, number: int) -> None:
        with self._changed:
            # A forward that raised has left nothing, also where the closure went on.
            self._holders = {key: held for key, held in self._holders.items() if held[0] != number}
            self._changed.notify_all()
