"""Lengths of steps as in adaptive_lengths, in the published dimension."""

from dataclasses import replace

from paper_figs.adaptive_lengths import FIGURE as SMALL

FIGURE = replace(
    SMALL,
    preset="evidence-laws",
    title="In the published dimension R-AdaZO takes longer steps than ZO-AdaMM, too",
)
