"""Attacks within the cube on networks that read digits: success and queries of all methods and laws."""

from functools import partial

from paper_figs._attack_laws import facts, panels
from zotheory.plotting.paper import PaperFigure

FIGURE = PaperFigure(
    experiment="black-box-attack",
    title="Methods and laws in attacks within the cube",
    panels=partial(panels, norm="linf"),
    facts=partial(facts, norm="linf"),
    columns=2,
    narrowest=2.6,
    legend=True,
)
