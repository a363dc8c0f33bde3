"""Results as a Markdown table."""

from collections.abc import Sequence

from zotheory.ledger.run import Result
from zotheory.report.summary import SYMBOLS, complaints, count_line, strength


def render_markdown(results: Sequence[Result]) -> str:
    """Return a table with a row for each claim, then the count and what was not expected."""
    lines = [
        "| id | claim | source | verdict | expected | evidence | time |",
        "|---|---|---|---|---|---|---:|",
    ]
    for result in results:
        cells = [
            result.id,
            result.title,
            result.source,
            f"{SYMBOLS[result.verdict]} {result.verdict}",
            str(result.expected),
            strength(result),
            f"{result.seconds:.1f} s",
        ]
        lines.append(f"| {' | '.join(map(escape_markdown, cells))} |")
    lines += ["", escape_markdown(count_line(results)) + "."]
    unexpected = complaints(results)
    if unexpected:
        lines += ["", *(f"- {escape_markdown(line)}" for line in unexpected)]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Return plain text so that it stays in its cell and none of it becomes markup."""
    folded = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\|*_`<>[]$~" else letter for letter in folded)
