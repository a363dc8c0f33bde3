"""Ten virtual tokens before the sentences, tuned in few passes of few sentences."""

from paper_figs._fine_tuning import fine_tuning

FIGURE = fine_tuning(
    "evidence-prompt", "A prompt tuned by forward passes only, each method with its best learning rate"
)
