"""The formats that a report can take, and the one function that renders any of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line needs the names of the formats at once, and the rest later
    from zotheory.ledger.discover import LoadFailure
    from zotheory.ledger.run import Result


class Format(StrEnum):
    """A way to write down results."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    LATEX = "latex"


def render(
    results: Sequence[Result],
    format: Format | str,
    failures: Sequence[LoadFailure] = (),
    *,
    width: int = 120,
    color: bool = False,
) -> str:
    """Return results as text.

    Args:
        results: what to report.
        format: table, json, markdown or latex.
        failures: claim files that did not load; the table lists them, the others are of results.
        width: of the table, in letters; it is widened where ids and verdicts would not fit.
        color: whether the table may use terminal colours.

    Raises:
        ValueError: an unknown format.
    """
    from zotheory.report.latex import render_latex
    from zotheory.report.markdown import render_markdown
    from zotheory.report.objects import render_json
    from zotheory.report.table import render_table

    match Format(format):
        case Format.TABLE:
            return render_table(results, failures, width=width, color=color)
        case Format.JSON:
            return render_json(results)
        case Format.MARKDOWN:
            return render_markdown(results)
        case Format.LATEX:
            return render_latex(results)
