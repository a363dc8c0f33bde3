"""The published comparison with its confounds set right, each law at its best learning rate."""

from dataclasses import replace

from paper_figs import language_model_published

FIGURE = replace(
    language_model_published.FIGURE,
    title="The comparison of perturbations that was published, set right",
    preset="published-fair",
)
