"""Progress on stderr while cells run: a bar with the time left on a terminal, a few lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from zotheory.cli.common import tell

# Seconds between two lines where there is no terminal, at least; and as a share of the time so far.
PACE, SHARE = 5.0, 0.02
# Workers take seconds to start, and cells differ: time left is told once so many have run, or a tenth.
ENOUGH, TENTH = 20, 0.1


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
    """Progress as lines: one every few seconds, and ever fewer in a long run."""

    def __init__(self) -> None:
        self._start = self._told = time.monotonic()
        self._first: int | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = done
            return
        if now - self._told < max(PACE, SHARE * (now - self._start)) and done < total:
            return
        self._told = now
        ran, counts = done - self._first, f"[{done:>{len(str(total))}}/{total}]"
        if ran < min(ENOUGH, TENTH * (total - self._first)):
            tell(counts)
            return
        seconds = (total - done) * max(now - self._start, 1e-9) / max(ran, 1)
        tell(f"{counts} about {_duration(seconds)} left")


def _duration(seconds: float) -> str:
    """Return a time in words: "90 s", "12 min", "3 h 05 min"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
