"""Ctrl-C while a command works with a store: one line that says how to go on, and exit status 130."""

import atexit
import contextlib
import signal
from collections.abc import Iterator

import typer

from zotheory.cli.common import tell

INTERRUPTED = 130
GO_ON = "finished cells are kept; run the same command again to go on"


@contextlib.contextmanager
def interruption_in_one_line() -> Iterator[None]:
    """Turn Ctrl-C into a line on stderr and exit status 130.

    Once the command has said what it did, the end of the process is not interrupted any more: there is
    nothing left to stop, and nothing would be said but a traceback of what cleans up.
    """
    atexit.register(_ignore_interrupts)
    try:
        yield
    except KeyboardInterrupt:
        tell(f"interrupted: {GO_ON}")
        raise typer.Exit(INTERRUPTED) from None


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
