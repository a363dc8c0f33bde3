"""Attacks on networks that read digits: success and queries of methods, tuned and at another's rate."""

from paper_figs._attack import Row, grid_ends, numbers, retuned, setting
from paper_figs._attack import panels as drawn
from paper_figs._attack_source import joined, origins
from zotheory.plotting.paper import Panel, PaperFigure, Source


def rows(source: Source) -> list[Row]:
    """Return what is shown: every method at its own rate, then the pairs at one rate."""
    found = {
        Row(cell["method"], cell["law"], cell["rate_of"]): None
        for cell in (fact["cell"] for fact in source.results.facts)
    }
    own = [Row(method, "sphere", "tuned") for method in source.config.methods]
    return own + sorted(
        row for row in found if row.law == "sphere" and row.rate_of in source.config.methods
    )


def panels(source: Source) -> list[Panel]:
    """Return success and median queries."""
    every = joined(source, ["sphere"])
    chosen = rows(every)
    return drawn(every, chosen, [row.name for row in chosen])


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    every = joined(source, ["sphere"])
    chosen = rows(every)
    names = [row.name for row in chosen]
    said = [setting(every), *numbers(every, chosen, names), *grid_ends(every, chosen, names)]
    said += retuned(source, [row for row in rows(source) if row.rate_of == "tuned"])
    said.append(f"Attacks that diverged: {int(every.results['diverged'].sum())}.")
    return said + origins(source, ["sphere"])


FIGURE = PaperFigure(
    experiment="black-box-attack",
    title="Attacks by function values alone",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.6,
    legend=True,
)
