"""A self-contained page: summary, ledger, interactive plane, figures, dependencies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from zotheory.checks.evidence import Grade
from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import LoadFailure
from zotheory.ledger.run import Result
from zotheory.report.ages import Ages
from zotheory.report.html.graph import HEIGHT, WIDTH, dependency_drawing
from zotheory.report.html.mathml import statement_html
from zotheory.report.html.plane import certified, javascript
from zotheory.report.summary import SYMBOLS, complaints, count_line, strength

_WORDS = {
    Verdict.PROVED: "proved",
    Verdict.REFUTED: "refuted, with a witness",
    Verdict.SUPPORTED: "supported by instances or statistics",
    Verdict.UNDECIDED: "undecided",
}


@dataclass(frozen=True)
class Picture:
    """A figure for the page.

    Attributes:
        name: a short word.
        svg: the drawing; empty where it could not be drawn.
        caption: in Markdown.
        stale: what is to be said where its results are older than the code; else empty.
    """

    name: str
    svg: str
    caption: str
    stale: str = ""


def render_html(
    results: Sequence[Result],
    pictures: Sequence[Picture] = (),
    failures: Sequence[LoadFailure] = (),
    *,
    title: str = "zotheory: claims and their verdicts",
    notes: Sequence[str] = (),
    ages: Ages | None = None,
    date: datetime | None = None,
) -> str:
    """Return the page, which needs no network and no other file.

    Args:
        results: of the ledger.
        pictures: figures, in the order in which they are shown.
        failures: claim files that did not load.
        title: of the page.
        notes: sentences for the summary.
        ages: what is known of the age of measured results; None for nothing.
        date: when it was made; by default now.

    Raises:
        PlaneError: a closed form of the interactive plane differs from a certified optimum.
    """
    import jinja2
    from markupsafe import Markup

    import zotheory

    made = (date or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    drawing = dependency_drawing({result.id: result.depends for result in results})
    ages = ages or Ages()
    claims = [_claim(result, results, ages) for result in results]
    script = javascript(certified()) + _asset("page.js")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(_asset("page.html.jinja")).render(
        title=title,
        version=zotheory.__version__,
        date=made,
        count_line=count_line(results, failures),
        tiles=_tiles(results),
        complaints=complaints(results, failures),
        ages=ages,
        notes=[*notes, *(f"{note}." for note in ages.notes)],
        letters=sorted({result.id[0] for result in results}),
        grades=[grade for grade in Grade if any(claim["grade"] == grade for claim in claims)],
        claims=claims,
        by_id={claim["id"]: claim for claim in claims},
        graph=drawing,
        box=(WIDTH, HEIGHT),
        pictures=[_picture(picture) for picture in pictures],
        css=Markup(_asset("page.css")),
        # "</" could end the script early.
        script=Markup(script.replace("</", "<\\/")),
    )


def _asset(name: str) -> str:
    return (files("zotheory.report.html") / name).read_text(encoding="utf-8")


def _tiles(results: Sequence[Result]) -> list[tuple[str, int, str]]:
    counts = [(verdict, sum(result.verdict is verdict for result in results)) for verdict in Verdict]
    return [(str(verdict), count, _WORDS[verdict]) for verdict, count in counts if count]


def _claim(result: Result, results: Sequence[Result], ages: Ages) -> Mapping[str, Any]:
    known = {other.id for other in results}
    return {
        "id": result.id,
        "title": result.title,
        "verdict": str(result.verdict),
        "expected": str(result.expected),
        "as_expected": result.as_expected,
        "symbol": SYMBOLS[result.verdict],
        "strength": strength(result),
        "grade": strongest(result),
        "statement": statement_html(result.latex),
        "plain": result.plain,
        "conditions": result.conditions,
        "source": result.source.rstrip("."),
        "reason": result.reason.rstrip("."),
        "stale": ages.of_claim(result.id),
        "depends": [name for name in result.depends if name in known],
        "used_by": [other.id for other in results if result.id in other.depends],
        "formulas": result.formulas,
        "evidence": result.evidence,
        "file": result.file,
        "seconds": result.seconds,
    }


def strongest(result: Result) -> str:
    """Return the grade that `strength` names, or "none"."""
    word = strength(result).partition(",")[0]
    return word if word in list(Grade) else "none"


def _picture(picture: Picture) -> Mapping[str, Any]:
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    # Captions are ours, but html=False keeps letters such as "<" from becoming markup.
    caption = MarkdownIt("commonmark", {"html": False}).enable("table").render(picture.caption)
    return {
        "name": picture.name,
        "svg": Markup(inline_svg(picture.svg, picture.name)) if picture.svg else "",
        "caption": Markup(caption),
        "stale": picture.stale,
    }


def inline_svg(text: str, name: str) -> str:
    """Return an SVG file as an element of a page: without its prologue, its ids made the page's own.

    >>> inline_svg('<?xml version="1.0"?>\\n<svg width="1"><g id="a"/><use xlink:href="#a"/></svg>', "f")
    '<svg role="img" aria-label="f" width="1"><g id="f-a"/><use xlink:href="#f-a"/></svg>'
    """
    element = text[text.index("<svg") :].rstrip()
    element = re.sub(r"<metadata>.*?</metadata>\s*", "", element, flags=re.DOTALL)
    element = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', element)
    element = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', element)
    element = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", element)
    return element.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
