"""All norms of a language model, every law at one learning rate."""

from paper_figs._fine_tuning import fine_tuning

FIGURE = fine_tuning("evidence-norms-same", "All norms tuned by forward passes only, at one learning rate")
