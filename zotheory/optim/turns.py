"""Two threads that take turns at every call of torch, so that what they share is seen by both."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode


class Turns:
    """Lets thread 0 and thread 1 go on by turns, from one call of a torch function or a module to the next.

    Both doing the same, whatever one of them writes where the other one writes, too, such as an attribute,
    a global or the state of a generator, is written by the other before the one reads it, if torch is
    called in between. Left to themselves they may pass one another for long without that.

    Args:
        changed: guards whatever the threads share.
        patience: seconds after which both go on freely, as one does not hand over: it may wait for a lock
            that the other one has.
        silent: whether the calls of a thread are to be passed over at the moment.

    Attributes:
        kept: whether the threads have taken turns all the time.
    """

    def __init__(
        self, changed: threading.Condition, patience: float, silent: Callable[[int], bool]
    ) -> None:
        self._changed, self._patience, self._silent = changed, patience, silent
        self.kept = True
        self._calls = [0, 0]
        self._away = [False, False]  # whether a thread has ended, or waits for something else

    @contextmanager
    def taken(self, me: int) -> Iterator[None]:
        """Take turns within the block, which each of the threads runs."""
        thread = threading.get_ident()

        def hook(*_: Any) -> None:
            if threading.get_ident() == thread:
                self._pass(me)

        with self._changed:
            self._await(me)
        handles = register_module_forward_pre_hook(hook), register_module_forward_hook(hook)
        try:
            with _Calls(lambda: self._pass(me)):
                yield
        finally:
            for handle in handles:
                handle.remove()

    def leave(self, me: int) -> None:
        """Let the other go on alone, as this thread waits or has ended; called with ``changed`` held."""
        self._away[me] = True
        self._changed.notify_all()

    def come_back(self, me: int) -> None:
        """Let the other wait until this thread has caught up; called with ``changed`` held."""
        self._away[me] = False

    def _pass(self, me: int) -> None:
        if not self.kept or self._silent(me):
            return
        with self._changed:
            self._calls[me] += 1
            self._changed.notify_all()
            self._await(me)

    def _await(self, me: int) -> None:
        # Thread 0 is ahead by a call.
        def mine() -> bool:
            return self._calls[1 - me] >= self._calls[me] + me or self._away[1 - me] or not self.kept

        if not self._changed.wait_for(mine, self._patience):
            self.kept = False
            self._changed.notify_all()


class _Calls(TorchFunctionMode):
    # Says so before and after each call of a torch function.

    def __init__(self, said: Callable[[], None]) -> None:
        super().__init__()
        self.said = said

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.said()
        found = func(*args, **(kwargs or {}))
        self.said()
        return found
