"""Error of estimates against the batch, for laws that are told something of the gradient."""

from paper_figs._errors import error_facts, error_panels
from zotheory.plotting.paper import Panel, PaperFigure, Source

TOLD = ("sphere", "dap-exact", "guided", "guided-exact", "importance", "importance-coordinates")


def methods(source: Source) -> list[str]:
    """Return what is shown."""
    return [name for name in TOLD if name in source.config.methods]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each function and kind of error."""
    return error_panels(source, methods(source))


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    return [
        "Errors of estimates, times the number of perturbations, for laws that are told the gradient's "
        f"direction (exact), a guide at cosine {config.alignment}, or the energies of blocks or entries. "
        "The sphere is told nothing. None of this is available in practice. Errors of 0 are not drawn, and "
        "equal ones hide each other: the total of DAP is the sphere's.",
        *error_facts(source, methods(source)),
    ]


FIGURE = PaperFigure(
    experiment="estimation-error",
    title="What knowledge of the gradient is worth",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.0,
    height=0.85,
    legend=True,
)
