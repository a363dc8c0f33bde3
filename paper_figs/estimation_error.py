"""Error of estimates against the batch, for methods that see function values alone."""

from paper_figs._errors import error_facts, error_panels
from zotheory.plotting.paper import Panel, PaperFigure, Source

UNTOLD = (
    "sphere",
    "gaussian",
    "rademacher",
    "coordinate",
    "frame",
    "dap-two-stage",
    "dap-two-stage-average",
)


def methods(source: Source) -> list[str]:
    """Return what is shown."""
    return [name for name in UNTOLD if name in source.config.methods]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each function and kind of error."""
    return error_panels(source, methods(source))


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    return [
        "Errors of estimates that see function values alone, with the same number of perturbations, times "
        "that number: a law with independent draws is a level line. Total, on coordinates with |∂ᵢf| at "
        f"least {source.config.threshold} of the largest, and along the gradient. A frame of as "
        "many directions as the dimension has no error in the limit μ → 0; errors of 0 are not drawn. "
        "DAP's direction is estimated from half of the draws; the average of both stages has the best "
        "constant weights, with which its total is that of fixed length: such lines hide each other.",
        *error_facts(source, methods(source)),
    ]


FIGURE = PaperFigure(
    experiment="estimation-error",
    title="What a batch is worth",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.0,
    height=0.85,
    legend=True,
)
