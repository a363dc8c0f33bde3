"""Figures of language-model: a row a task, loss and accuracy against forward passes and against time."""

from paper_figs._language import ACCURACY, LOSS, PASSES, SECONDS, panel, rates, told
from zotheory.plotting.paper import Panel, PaperFigure, Source

CLAIMED = (
    "Published (arXiv 2510.19975, Figure 4, as summarised): on OPT-1.3b, tuning a prompt of 10 tokens on "
    "SST-2, DAP learns fastest, at one learning rate for all, with delta and passes a step that differ."
)


def fine_tuning(preset: str, title: str) -> PaperFigure:
    """Return the figure of a preset in which each method has its best learning rate."""
    return PaperFigure(
        experiment="language-model",
        title=title,
        panels=panels,
        facts=facts,
        columns=4,
        narrowest=1.25,
        height=0.9,
        share_y=False,
        preset=preset,
        legend=True,
    )


def panels(source: Source) -> list[Panel]:
    """Return a row for each task."""
    return [
        panel(source, task, x, y)
        for task in source.config.tasks
        for x, y in ((PASSES, LOSS), (PASSES, ACCURACY), (SECONDS, LOSS), (SECONDS, ACCURACY))
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    return [
        f"Prompt {config.prompt}, {config.train} sentences, batches of {config.batch}, {config.queries} "
        f"{config.difference} differences a step (MeZO and its blocks: 1), equal forward passes of a "
        f"batch; a step of AdamW counts as 3. Lines: medians over {source.seeds} seeds on {config.dev} "
        "development sentences, bands: 95% intervals by order statistics, or all seeds where there are "
        "fewer than six. Dotted: before training; dashed: AdamW. CPU seconds are of the steps, on one "
        f"thread, and do not contain features that are computed once. The best record of a run is scored "
        f"on {config.test or 'all'} test sentences. {rates(source)}",
        *(told(source, task) for task in config.tasks),
        CLAIMED,
    ]
