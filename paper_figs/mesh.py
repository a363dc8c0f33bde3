"""Descent of a mesh by every method, and the error of their estimates at the start."""

import numpy as np

from paper_figs._laws import look
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, interval_of_mean, over_seeds
from zotheory.plotting.style import BLACK, number

# By the column "told".
GROUPS = {"function values alone": (0,), "told more": (1, 2)}


def told(source: Source, method: str) -> int:
    """Return what a method is told: 0 nothing, 1 energies, 2 the gradient."""
    return int(source.results.where(part="descent", name=method)["told"][0])


def course(source: Source, method: str) -> Results:
    """Return the recorded steps of a method's runs."""
    return source.results.where(part="descent", name=method)


def panels(source: Source) -> list[Panel]:
    """Return a panel of losses for each group of methods, and one of errors at the start."""
    found = []
    for title, codes in GROUPS.items():
        series = []
        for method in source.config.methods:
            if told(source, method) in codes:
                style = look(method)
                # Tuning chooses a step in each seed: seeds scatter more than runs of one.
                loss = over_seeds(course(source, method), "queries_spent", "log_loss")
                mean, low, high = (np.exp(part) for part in (loss.mean, loss.low, loss.high))
                series.append(Series(style.name, Kind.RUN, loss.x, mean, style.color, low, high))
        if series:
            found.append(Panel(title, "function values", "loss / start", series, y_scale="log"))
    methods = list(source.config.methods)
    measured, predicted = [], []
    for method in methods:
        rows = course(source, method)
        first = rows.where(queries_spent=rows["queries_spent"].min())
        measured.append(interval_of_mean(first["measured_error"], first["measured_error_standard_error"]))
        predicted.append(float(first["predicted_error"].mean()))
    mean, low, high = np.array(measured).T
    x = np.arange(len(methods), dtype=float)
    errors = [
        Series("predicted", Kind.MARK, x, predicted, BLACK, marker="D"),
        Series("measured", Kind.MEASURED, x, mean, BLACK, low, high),
    ]
    names = tuple(look(method).name for method in methods)
    found.append(
        Panel("error at the start", "method", "error / |∇f|²", errors, y_scale="log", categories=names)
    )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    ends = []
    for method in config.methods:
        rows = course(source, method)
        last = rows.where(queries_spent=rows["queries_spent"].max())
        end = over_seeds(last, "queries_spent", "log_loss")
        mean, low, high = (float(np.exp(part[0])) for part in (end.mean, end.low, end.high))
        sizes = "/".join(number(size) for size in np.unique(last["step_size"]))
        edge = " at an edge of the steps tried" if last["at_edge"].any() else ""
        text = f"{look(method).name} {number(mean)} [{number(low)}, {number(high)}], η = {sizes}{edge}"
        ends.append((float(mean), text))
    listed = "; ".join(text for _, text in sorted(ends))
    every = source.results.where(part="descent")
    spent = number(float(every["queries_spent"].max()))
    return [
        f"Vertices of a mesh of {config.cells}×{config.cells} squares, moved to match the solution on "
        f"{config.reference_cells}×{config.reference_cells}; geometric means over seeds, the "
        "step tuned for each "
        f"method in each, δ = 1, {config.batch} central differences a step.",
        f"Loss after {spent} function values, over that at the start: {listed}.",
        *_tuning(source),
    ]


def _tuning(source: Source) -> list[str]:
    """Return what tuning spent, and where the chosen step had most steps refused."""
    every = source.results.where(part="descent")
    usual = float(every["tuning_queries"].min())
    more, refused = [], []
    for method in source.config.methods:
        rows = course(source, method)
        last = rows.where(queries_spent=rows["queries_spent"].max())
        most = float(last["tuning_queries"].max())
        if most > usual:
            least = float(last["tuning_queries"].min())
            more.append(f"{look(method).name} {number(least)} to {number(most)}")
        count = int(np.sum(last["refused"] > source.config.steps / 2))
        if count:
            low, high = (number(float(np.exp(x))) for x in (last["log_loss"].min(), last["log_loss"].max()))
            refused.append(f"{look(method).name} in {count} (losses of all its seeds from {low} to {high})")
    said = f"Tuning took {number(usual)} function values"
    said += f", and where the grid was extended more: {'; '.join(more)}." if more else "."
    seeds = len(np.unique(every["seed"]))
    if refused:
        said += f" More than half of all steps were refused, of {seeds} seeds: {'; '.join(refused)}."
    return [said]


FIGURE = PaperFigure(
    experiment="mesh",
    title="Moving a mesh by function values",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.6,
    height=1.0,
    share_x=False,
    legend=True,
)
