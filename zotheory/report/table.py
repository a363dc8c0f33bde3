"""Results as a table for the terminal."""

from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import LoadFailure
from zotheory.ledger.run import Result
from zotheory.report.summary import SYMBOLS, complaints, count_line, strength

STYLES = {
    Verdict.PROVED: "green",
    Verdict.REFUTED: "magenta",
    Verdict.SUPPORTED: "cyan",
    Verdict.UNDECIDED: "yellow",
}
UNEXPECTED = "bold red"
TITLE_AT_LEAST = 20


def render_table(
    results: Sequence[Result],
    failures: Sequence[LoadFailure] = (),
    *,
    width: int = 120,
    color: bool = False,
) -> str:
    """Return a row for each claim, the count, and what was not expected or did not load.

    Args:
        results: what to report.
        failures: claim files that did not load.
        width: in letters. Only titles are wrapped to fit; everything else is always whole, and
            the table gets wider than asked where it must.
        color: whether to use terminal colours.
    """
    table = _table(results)
    text = StringIO()
    console = Console(
        file=text,
        width=max(width, _least_width(results)),
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    if results:
        console.print(table)
    good = not failures and all(result.as_expected for result in results)
    # Nothing below the rows is wrapped: a path or a reason cut in two cannot be searched for.
    count = Text(count_line(results, failures), style="bold" if good else UNEXPECTED)
    console.print(count, soft_wrap=True)
    for line in complaints(results, failures):
        console.print(Text(f"  {line}"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("claim", overflow="fold", min_width=TITLE_AT_LEAST)
    for name, _ in _fixed_cells(results):
        table.add_column(name, no_wrap=True, justify="right" if name == "time" else "left")
    for row, result in enumerate(results):
        style = STYLES[result.verdict] if result.as_expected else UNEXPECTED
        cells = [Text(cells[row]) for _, cells in _fixed_cells(results)]
        cells[0].stylize(style)
        table.add_row(Text(result.id), Text(result.title), *cells)
    return table


def _fixed_cells(results: Sequence[Result]) -> list[tuple[str, list[str]]]:
    """Return the columns that are never wrapped, beside the id: name and cells."""
    columns = [("verdict", [f"{SYMBOLS[result.verdict]} {result.verdict}" for result in results])]
    if not all(result.as_expected for result in results):
        expected = ["" if result.as_expected else str(result.expected) for result in results]
        columns.append(("expected", expected))
    columns.append(("evidence", [strength(result) for result in results]))
    columns.append(("time", [f"{result.seconds:.1f} s" for result in results]))
    return columns


def _least_width(results: Sequence[Result]) -> int:
    """Return the width below which rich would begin to cut ids and verdicts short."""
    columns = [("id", [result.id for result in results]), *_fixed_cells(results)]
    widths = [max(map(len, [name, *cells])) for name, cells in columns]
    return sum(widths) + TITLE_AT_LEAST + 3 * (len(widths) + 1)
