"""Block coordinate descent against MeZO on MNIST, as in `subspace`."""

from dataclasses import replace

from paper_figs import subspace
from zotheory.plotting.paper import Panel, Source

# One network: panels are named by what they show.
TITLES = ("by queries", "by time", "overlaps", "ranks", "factors")


def panels(source: Source) -> list[Panel]:
    """Return the panels of `subspace` under names of their own."""
    found = subspace.FIGURE.panels(source)
    return [replace(panel, title=title) for panel, title in zip(found, TITLES, strict=True)]


FIGURE = replace(
    subspace.FIGURE,
    title="Blocks against MeZO on MNIST, and what their structure predicts",
    panels=panels,
    preset="mnist",
)
