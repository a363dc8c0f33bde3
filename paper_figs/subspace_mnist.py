"""Block coordinate descent against MeZO on MNIST, as in `subspace`."""

from dataclasses import replace

from paper_figs import subspace

FIGURE = replace(
    subspace.FIGURE,
    title="Blocks against MeZO on MNIST, and what their structure predicts",
    preset="mnist",
)
