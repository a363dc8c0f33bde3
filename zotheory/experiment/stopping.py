"""Ctrl-C: the first one lets the cells under way finish, the second one stops at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


class Stop:
    """Whether Ctrl-C has come; the second one raises KeyboardInterrupt, as usual, where it may."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._come = 0
        self._shielded = False

    @property
    def requested(self) -> bool:
        """Whether it has come."""
        return self._come > 0

    def request(self) -> None:
        """Note that it has come.

        Raises:
            KeyboardInterrupt: for the second time, where nothing is shielded.
        """
        self._come += 1
        if self._come > 1 and not self._shielded:
            raise KeyboardInterrupt
        if self._come == 1:
            with contextlib.suppress(RuntimeError):  # in the midst of a write to the same stream
                self._tell("stopping: cells under way are finished first; Ctrl-C again stops at once")

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """Let a brief piece of work come to its end.

        Raises:
            KeyboardInterrupt: afterwards, where the second Ctrl-C came meanwhile.
        """
        before, self._shielded = self._come, True
        try:
            yield
        finally:
            self._shielded = False
        if self._come > max(before, 1):
            raise KeyboardInterrupt


@contextlib.contextmanager
def stop_requested(tell: Callable[[str], None]) -> Iterator[Stop]:
    """Give what notes Ctrl-C, while the block runs.

    In another thread than the main one, or where a program has a handler of its own, that stays as it is.
    """
    stop = Stop(tell)
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def note(number: int, frame: FrameType | None) -> None:
        stop.request()

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back for a moment; processes that are started in it never see one.

    A worker would die of a Ctrl-C that comes before it has begun to ignore them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)


def ignore_interrupts() -> None:
    """Keep Ctrl-C, which reaches every process of a terminal, from the workers: their parent decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
