"""Attacks on a network that reads digits by ZO-SGD: success and queries of each law."""

from paper_figs._attack import Row, measured_kinds, median_queries, of, setting, success
from paper_figs._attack import panels as drawn
from zotheory.plotting.paper import Panel, PaperFigure, Source
from zotheory.plotting.style import number


def rows(source: Source) -> list[Row]:
    """Return ZO-SGD with each law."""
    return [Row("zo-sgd", law, "tuned") for law in dict.fromkeys(("sphere", *source.config.laws))]


def panels(source: Source) -> list[Panel]:
    """Return success and median queries."""
    chosen = rows(source)
    return drawn(source, chosen, [row.law_name for row in chosen])


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [f"ZO-SGD with every law. {setting(source)}"]
    for kind in measured_kinds(source):
        values = []
        for row in rows(source):
            mine = of(source.results, kind, row)
            share, median = success(mine).value, median_queries(mine, source.config.budget).value
            values.append(f"{row.law_name} {number(share)}%, {number(median)}")
        said.append(f"{kind.name}: {'; '.join(values)}.")
    return said


FIGURE = PaperFigure(
    experiment="black-box-attack",
    title="Laws of perturbations in attacks",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.6,
    legend=True,
)
