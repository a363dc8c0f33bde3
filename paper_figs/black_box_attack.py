"""Attacks on networks that read digits: success and queries of methods, tuned and at another's rate."""

from dataclasses import asdict, replace

import numpy as np

from paper_figs._attack import Row, grid_ends, numbers, retuned, setting
from paper_figs._attack import panels as drawn
from zotheory.experiment import recorded
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


def every_network(source: Source) -> Source:
    """Return the cells that are shown of all networks, of some of which others may be missing."""
    cells = {"law": "sphere", "rate_of": ["tuned", *source.config.methods]}
    name = source.request.experiment.name
    return replace(source, results=recorded(source.store, name, where=cells, **asdict(source.config)))


def panels(source: Source) -> list[Panel]:
    """Return success and median queries."""
    chosen = rows(source)
    return drawn(every_network(source), chosen, [row.name for row in chosen])


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    chosen, every = rows(source), every_network(source)
    names = [row.name for row in chosen]
    said = [setting(every), *numbers(every, chosen, names), *grid_ends(every, chosen, names)]
    partly = np.setdiff1d(every.results["seed"], source.results["seed"])
    if partly.size:
        others = ", ".join(map(str, partly.tolist()))
        said.append(
            f"Of seed {others} only what is shown here was measured ({every.results.queries} function "
            "values in all that is shown): other laws, and rates tuned on other groups, are of the others."
        )
    said += retuned(source, [row for row in chosen if row.rate_of == "tuned"])
    diverged = int(every.results["diverged"].sum())
    said.append(f"Attacks that diverged: {diverged}.")
    return said


FIGURE = PaperFigure(
    experiment="black-box-attack",
    title="Attacks by function values alone",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.6,
    legend=True,
)
