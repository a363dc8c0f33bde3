"""Progress on stderr while cells run: a bar with the time left on a terminal, a few lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from zotheory.cli.common import tell

# Seconds between two lines where there is no terminal.
PACE = 5.0


@contextlib.contextmanager
def cells_shown() -> Iterator[Callable[[int, int], None]]:
    """Give a function to call with the cells finished and all: a bar with the time left, or lines."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(*columns, TextColumn("left"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("cells", total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


class _Lines:
    """Progress as lines, at most one every few seconds."""

    def __init__(self) -> None:
        self._start = self._told = time.monotonic()
        self._first: int | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = done
            return
        if now - self._told < PACE and done < total:
            return
        self._told = now
        rate = (done - self._first) / max(now - self._start, 1e-9)
        tell(f"[{done:>{len(str(total))}}/{total}] about {(total - done) / rate:.0f} s left")
