"""The two evaluations that run at once, of which one at a time has a parameter displaced."""

import threading
from contextlib import nullcontext

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import Closure
from zotheory.optim.layerwise import Run
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.loss import read_loss
from zotheory.optim.reuse import Reached
from zotheory.optim.threads import Stopped, in_two_threads
from zotheory.optim.turns import Turns


class Crossed(BaseException):
    """One evaluation waits for the other in vain; not an Exception, so that no closure catches it."""


class Ends(Run):
    """The evaluation that ends where the first displaced module begins."""

    ended = False

    def enter(self, slots: list[Slot]) -> None:
        """End it."""
        self._end()

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        """End it."""
        self._end()

    def _end(self) -> None:
        self.ended = True
        raise Reached


class Sides:
    """Passes what the hooks say to the evaluation of the thread, and holds the other back meanwhile.

    Args:
        layout, direction: as for `Run`.
        scale: of the first evaluation; that of the second is its negative.
        patience: seconds for which one waits for the other, before it raises `Crossed`: the other may wait
            for it in turn in a way that is not seen here, such as a lock of the model's.
        turns: whether to take turns, see `Turns`; if that is not kept up, `Crossed` is raised in the end.
    """

    def __init__(
        self, layout: Layout, direction: Direction, scale: float, patience: float, turns: bool
    ) -> None:
        self.runs = Run(layout, direction, scale), Run(layout, direction, -scale)
        self._mine = threading.local()
        self._holders: dict[int, tuple[int, int]] = {}  # which evaluation has a parameter, how often
        self._waits: list[list[int]] = [[], []]  # for which parameters
        self._stopped = False
        self._changed = threading.Condition()
        self._patience = patience
        self._turns = Turns(self._changed, patience, lambda me: self.runs[me].busy) if turns else None

    def __enter__(self) -> None:
        self.runs[0].__enter__()

    def __exit__(self, *error: object) -> None:
        self.runs[0].__exit__()

    @property
    def side(self) -> int:
        """Return which evaluation the calling thread runs.

        Raises:
            InvalidArgument: neither.
        """
        found = getattr(self._mine, "side", None)
        if found is None:
            remedy = "its forward runs in threads of its own: leave abreast=True out"
            raise InvalidArgument("model", threading.current_thread().name, remedy)
        return found

    def enter(self, slots: list[Slot]) -> None:
        """Displace parameters, once the other evaluation has none of them displaced."""
        me, keys = self.side, [id(slot.parameter) for slot in slots]
        with self._changed:
            if not self._free(me, keys):
                self._wait(me, keys)
            if self._stopped:
                raise Stopped
            for key in keys:
                self._holders[key] = me, self._holders.get(key, (me, 0))[1] + 1
        torch.clear_autocast_cache()  # all threads share its casts: there may be one from the other point
        self.runs[me].enter(slots)

    def _free(self, me: int, keys: list[int]) -> bool:
        return self._stopped or all(self._holders.get(key, (me, 0))[0] == me for key in keys)

    def _wait(self, me: int, keys: list[int]) -> None:
        if self._waits[1 - me]:
            raise Crossed
        self._waits[me] = keys
        if self._turns:
            self._turns.leave(me)
        found = self._changed.wait_for(lambda: self._free(me, keys), self._patience)
        self._waits[me] = []
        if self._turns:
            self._turns.come_back(me)
        if not found:
            raise Crossed

    def leave(self, slots: list[Slot]) -> None:
        """Undo `enter`."""
        me = self.side
        if self._stopped:
            raise Stopped  # the parameters may be the caller's again
        self.runs[me].leave(slots)
        with self._changed:
            for slot in slots:
                count = self._holders[id(slot.parameter)][1] - 1
                if count:
                    self._holders[id(slot.parameter)] = me, count
                else:
                    del self._holders[id(slot.parameter)]
            if self._turns and self._waits[1 - me] and self._free(1 - me, self._waits[1 - me]):
                self._turns.come_back(1 - me)  # now, not when that thread gets to know
            self._changed.notify_all()

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        """Write entries of a displaced parameter to a row of memory."""
        if self._stopped:
            raise Stopped
        self.runs[self.side].displace(slot, target, first)

    def losses(self, closure: Closure) -> list[float]:
        """Return both losses."""

        def evaluate(number: int) -> float:
            self._mine.side = number
            with self._turns.taken(number) if self._turns else nullcontext():
                return read_loss(closure())

        threads = max(1, torch.get_num_threads() // 2)
        found = in_two_threads(evaluate, self._end, self._stop, "zotheory abreast", threads)
        if self._turns and not self._turns.kept:
            raise Crossed
        return found

    def _stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _end(self, number: int) -> None:
        with self._changed:
            # A forward that raised has left nothing, also where the closure went on.
            self._holders = {key: held for key, held in self._holders.items() if held[0] != number}
            if self._turns:
                self._turns.leave(number)
            self._changed.notify_all()
