"""Ctrl-C waits while parameters are displaced, restored or updated."""

import threading
from collections.abc import Callable
from signal import SIGINT
from types import FrameType
from typing import Any

try:  # what `signal` wraps, to give and take members of enumerations: that takes ten times as long
    from _signal import getsignal, signal  # type: ignore[import-not-found]
except ImportError:
    from signal import getsignal, signal


class Held:
    """Within ``with Held() as held`` an interrupt waits until the end, or until `call` runs something.

    That is so in the main thread, where Python delivers interrupts, and if SIGINT has a handler in Python.
    """

    # The innermost block of the main thread.
    _current: "Held | None" = None

    def __enter__(self) -> "Held":
        main = _in_main()
        self._handler: Any = getsignal(SIGINT) if main else None
        self._open = self._waiting = False
        if callable(self._handler):
            signal(SIGINT, self._note)
        if main:
            self._outer, Held._current = Held._current, self
        self._main = main
        return self

    def __exit__(self, *error: object) -> None:
        if self._main:
            Held._current = self._outer
        if callable(self._handler):
            signal(SIGINT, self._handler)
            self._deliver()

    def call(self, action: Callable[[], Any]) -> Any:
        """Return what a function returns; interrupts get through while it runs, one that waits before."""
        if not _in_main():
            return action()
        self._open = True
        try:
            self._deliver()
            return action()
        finally:
            self._open = False

    def _deliver(self) -> None:
        if self._waiting:
            self._waiting = False
            self._handler(SIGINT, None)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._open:
            self._handler(number, frame)
        else:
            self._waiting = True


def _in_main() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def interruptible(action: Callable[[], Any]) -> Any:
    """Return what a function returns; interrupts get through while it runs, also within `Held`."""
    held = Held._current
    return action() if held is None else held.call(action)
