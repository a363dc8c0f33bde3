"""The published comparison on small tasks: one learning rate for all, and delta and passes that differ."""

from paper_figs._language import ACCURACY, LOSS, PASSES, panel, rates, told
from zotheory.plotting.paper import Panel, PaperFigure, Source

STEPS = ("steps", "steps")


def panels(source: Source) -> list[Panel]:
    """Return losses against steps, as published, and against forward passes, and accuracies."""
    return [
        panel(source, task, x, y)
        for task in source.config.tasks
        for x, y in ((STEPS, LOSS), (PASSES, LOSS), (PASSES, ACCURACY))
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    right = [name for name in config.corrected if name != "none"]
    how = f"set right: {', '.join(right)}" if right else "nothing set right"
    return [
        f"Batches of {config.batch}, {config.difference} differences; {how}. As published all laws but the "
        "Gaussian have delta = rows of what is tuned, DAP aligns with one random direction and takes 3 "
        "passes a step where others take 2, only its second stage moves the weights, and what is called "
        f"Rademacher is the uniform law, whose line covers it unless that is set right. Medians over "
        f"{source.seeds} seeds, 95% intervals by order "
        f"statistics, or all seeds where there are fewer than six. {rates(source)}",
        *(told(source, task) for task in config.tasks),
    ]


FIGURE = PaperFigure(
    experiment="language-model",
    title="The published comparison of perturbations, in small",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.2,
    height=0.8,
    share_y=False,
    preset="published",
    legend=True,
)
