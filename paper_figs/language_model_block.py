"""The last block of a language model, tuned on what it is given, which is computed once."""

from paper_figs._fine_tuning import fine_tuning

FIGURE = fine_tuning(
    "evidence-block", "The last block tuned by forward passes only, each method with its best learning rate"
)
