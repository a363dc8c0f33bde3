"""Attacks on a network that reads digits by ZO-SGD: success and queries of each law."""

from paper_figs._attack import Row, grid_ends, numbers, setting
from paper_figs._attack import panels as drawn
from zotheory.plotting.paper import Panel, PaperFigure, Source


def rows(source: Source) -> list[Row]:
    """Return ZO-SGD with each law."""
    return [Row("zo-sgd", law, "tuned") for law in dict.fromkeys(("sphere", *source.config.laws))]


def panels(source: Source) -> list[Panel]:
    """Return success and median queries."""
    chosen = rows(source)
    return drawn(source, chosen, [row.law_name for row in chosen])


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    chosen = rows(source)
    names = [row.law_name for row in chosen]
    return [
        f"ZO-SGD with every law. {setting(source)}",
        *numbers(source, chosen, names),
        *grid_ends(source, chosen, names),
    ]


FIGURE = PaperFigure(
    experiment="black-box-attack",
    title="Laws of perturbations in attacks",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.6,
    legend=True,
)
