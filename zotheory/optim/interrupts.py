"""Ctrl-C waits while parameters are displaced, restored or updated."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Held:
    """Within ``with Held() as held`` an interrupt waits until the end, or until `released`.

    That is so in the main thread, where Python delivers interrupts, and if SIGINT has a handler in Python.
    """

    def __enter__(self) -> "Held":
        self._handler = signal.getsignal(signal.SIGINT) if _in_main_thread() else None
        self._waiting = False
        self._hold()
        return self

    def __exit__(self, *error: object) -> None:
        self._release()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let interrupts through within the block, one that waits at its beginning."""
        self._release()
        try:
            yield
        finally:
            self._hold()

    def _hold(self) -> None:
        if callable(self._handler) and _in_main_thread():
            signal.signal(signal.SIGINT, self._note)

    def _release(self) -> None:
        if callable(self._handler) and _in_main_thread():
            signal.signal(signal.SIGINT, self._handler)
            if self._waiting:
                self._waiting = False
                signal.raise_signal(signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._waiting = True


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
