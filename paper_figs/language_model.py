"""Language models as classifiers, little tuned on features that are computed once, in many passes."""

from paper_figs._fine_tuning import fine_tuning

FIGURE = fine_tuning(
    "evidence", "Fine-tuning by forward passes only, each method with its best learning rate"
)
