"""One result in full, as text: the statement, the evidence piece by piece, witnesses, the reason."""

import json
import textwrap
from collections.abc import Iterable

from zotheory.checks.evidence import Evidence
from zotheory.ledger.run import Result
from zotheory.report.summary import SYMBOLS


def render_detail(result: Result, width: int = 100) -> str:
    """Return everything that is known of one claim, as plain text.

    Args:
        result: what to print.
        width: where lines are broken; formulas, witnesses and LaTeX are left whole.
    """
    lines = [f"{result.id}  {result.title}", "=" * min(width, len(result.id + result.title) + 2)]
    lines += _section("statement", [result.plain], width)
    lines += _section("LaTeX", [result.latex], None)
    lines += _section("kind", [str(result.kind)], width)
    lines += _section("conditions", result.conditions, width)
    lines += _section("source", [result.source], width)
    lines += _section("rests on", [", ".join(result.depends)] if result.depends else [], width)
    formulas = [f"{name} = {text}" for name, text in result.formulas.items()]
    lines += _section("formulas", formulas, None)
    lines.append("evidence")
    for item in result.evidence:
        lines += _evidence(item, width)
    expected = "as expected" if result.as_expected else f"expected {result.expected}"
    verdict = f"{SYMBOLS[result.verdict]} {result.verdict} ({expected})"
    lines += ["", f"verdict  {verdict}", *_wrapped(f"reason: {result.reason}", 2, width)]
    return "\n".join(lines) + "\n"


def _section(name: str, items: Iterable[str], width: int | None) -> list[str]:
    """Return a heading with its items below; a width of None leaves the lines of an item alone."""
    lines = [line for item in items for line in _wrapped(item, 2, width)]
    return [name, *lines, ""] if lines else []


def _wrapped(text: str, indent: int, width: int | None) -> list[str]:
    margin = " " * indent
    if width is None:
        return [margin + line for line in text.strip().splitlines()]
    return textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _evidence(item: Evidence, width: int) -> list[str]:
    parts = f", parts: {', '.join(item.parts)}" if item.parts else ""
    lines = [f"  {item.route}: {item.outcome} ({item.grade}, {item.scope}{parts}; {item.seconds:.2f} s)"]
    lines += _wrapped(f"found: {item.detail}", 4, width)
    if item.value is not None:
        lines.append(f"    value: {item.value}")
    lines += _wrapped(f"would be falsified by: {item.falsifier}", 4, width)
    if item.witness is not None:
        lines += _wrapped(f"witness: {item.witness.description}", 4, width)
        for name, value in item.witness.data.items():
            lines.append(f"      {name} = {json.dumps(value, ensure_ascii=False)}")
    return lines
