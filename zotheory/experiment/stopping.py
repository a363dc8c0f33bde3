"""Ctrl-C: the first one lets the cells under way finish, the second one stops at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def stop_requested(tell: Callable[[str], None]) -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C sets; the second one raises KeyboardInterrupt, as usual.

    In another thread than the main one, or where a program has a handler of its own, that stays as it is.
    """
    event = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield event
        return

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()
        with contextlib.suppress(RuntimeError):  # in the midst of a write to the same stream
            tell("stopping: cells under way are finished first; Ctrl-C again stops at once")

    signal.signal(signal.SIGINT, first)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ignore_interrupts() -> None:
    """Keep Ctrl-C, which reaches every process of a terminal, from the workers: their parent decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
