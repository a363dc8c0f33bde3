"""Ctrl-C while a command works with a store: one line that says how to go on, and exit status 130."""

import atexit
import contextlib
import signal
import sys
from collections.abc import Iterator

import typer

from zotheory.cli.common import tell

INTERRUPTED = 130
GO_ON = "finished cells are kept; run the same command again to go on"


@contextlib.contextmanager
def interruption_in_one_line() -> Iterator[None]:
    """Turn Ctrl-C into a line on stderr and exit status 130.

    Afterwards there is nothing left to stop: the workers have ended, and Ctrl-C while the process ends has
    no effect.
    """
    atexit.register(_ignore_interrupts)
    try:
        try:
            yield
        finally:
            _end_workers()
    except KeyboardInterrupt:
        tell(f"interrupted: {GO_ON}")
        raise typer.Exit(INTERRUPTED) from None


def _end_workers() -> None:
    if "zotheory.experiment.backends" in sys.modules:  # else none were started
        from zotheory.experiment.backends import end_workers

        end_workers()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
