"""All norms of a language model, tuned in few passes of few sentences."""

from paper_figs._fine_tuning import fine_tuning

FIGURE = fine_tuning(
    "evidence-norms", "All norms tuned by forward passes only, each method with its best learning rate"
)
