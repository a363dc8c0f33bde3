"""Losses of adaptive methods as in adaptive_losses, in the published dimension."""

from dataclasses import replace

from paper_figs.adaptive_losses import FIGURE as SMALL

FIGURE = replace(
    SMALL,
    preset="evidence-laws",
    title="In the published dimension: R-AdaZO against ZO-AdaMM at one rate, and the best of all",
)
