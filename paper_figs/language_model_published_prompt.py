"""The published comparison with a prompt tuned: what is left of it where delta is the same for all laws."""

from dataclasses import replace

from paper_figs._language import LOSS, PASSES, panel, told
from paper_figs.language_model_published import STEPS, facts
from zotheory.experiment import MissingResults
from zotheory.experiment.request import counted
from zotheory.plotting.paper import Panel, PaperFigure, Source, best_source
from zotheory.plotting.style import number

DELTA, REFERENCE = "published-prompt-delta", "published-prompt-reference"


def other(source: Source, preset: str) -> list[Source]:
    """Return the results of another preset, if the store has them."""
    try:
        return [best_source(source.request.experiment, source.store, preset)]
    except MissingResults:
        return []


def panels(source: Source) -> list[Panel]:
    """Return losses as published, against steps and passes, and with delta = 1 for all laws."""
    task = source.config.tasks[0]
    found = [
        replace(panel(source, task, STEPS, LOSS), title="as published"),
        replace(panel(source, task, PASSES, LOSS), title="equal passes"),
    ]
    for fair in other(source, DELTA):
        found.append(replace(panel(fair, task, PASSES, LOSS), title="equal delta"))
    return found


def told_of(source: Source) -> list[str]:
    """Return what the caption says."""
    task = source.config.tasks[0]
    said = [*facts(source)]
    for fair in other(source, DELTA):
        said.append(
            f"Right: delta = 1 for all, at the learning rate {number(fair.config.lr[0])}, so that fixed "
            f"lengths take the same steps as before. {told(fair, task)} {_measured(fair)}"
        )
    for reference in other(source, REFERENCE):
        said.append(
            f"First order, at its best rate, on the same sentences: {told(reference, task)} "
            f"{_measured(reference)}"
        )
    return said


def _measured(source: Source) -> str:
    at = f", at commit {', '.join(source.commits)}" if source.commits else ""
    values = f"{source.results.queries} function values{at}"
    return f"Measured by `{source.command}` ({counted(source.seeds, 'seed')}, {values})."


FIGURE = PaperFigure(
    experiment="language-model",
    title="The published comparison with a prompt of ten tokens tuned, on a small OPT",
    panels=panels,
    facts=told_of,
    columns=3,
    narrowest=1.2,
    height=0.8,
    share_x=False,
    preset="published-prompt",
    legend=True,
)
