"""A small language model, all of whose parameters are tuned to a prompt that it was not trained on."""

from paper_figs._fine_tuning import fine_tuning

FIGURE = fine_tuning(
    "evidence-full", "A small model tuned by forward passes only, each method with its best learning rate"
)
