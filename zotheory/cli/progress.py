"""Progress on stderr while claims run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from zotheory.cli.common import tell

if TYPE_CHECKING:
    from zotheory.ledger.run import Progress, Result


@contextlib.contextmanager
def progress_shown() -> Iterator[Progress]:
    """Give a function for `run` to call after each claim; a bar is removed at the end."""
    if not sys.stderr.isatty():
        yield _tell_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("running the first claims", total=None)

        def advance(result: Result, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"{result.id} {result.verdict}")

        yield advance


def _tell_line(result: Result, done: int, total: int) -> None:
    note = "" if result.as_expected else f", expected {result.expected}"
    tell(f"[{done:>{len(str(total))}}/{total}] {result.id} {result.verdict}{note}")
