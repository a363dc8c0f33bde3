"""Alignment from the past against alignment from half of the batch: losses, alignments, errors."""

import numpy as np

from paper_figs._rates import tuned
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, over_seeds
from zotheory.plotting.style import BLACK, BLUE, GREY, OLIVE, ORANGE, SKY, VERMILLION, WINE, number

LOOKS = {
    "sphere": ("sphere", BLACK, "-"),
    "momentum": ("sphere, momentum", GREY, "-"),
    "dap": ("DAP, both stages", BLUE, "-"),
    "dap-published": ("DAP, stage 2 only", ORANGE, "-"),
    "dap-momentum": ("DAP along momentum", SKY, "-"),
    "guided": ("guided", VERMILLION, "-"),
    "guided-momentum": ("guided, momentum", WINE, "-"),
    "guided-es": ("Guided ES", OLIVE, "-"),
}
ALIGNED = ("guided", "guided-es", "dap-momentum")


def shown(source: Source, names: tuple[str, ...]) -> list[str]:
    """Return those of the methods that were run."""
    return [name for name in names if name in source.config.methods]


def loss(rows: Results) -> Series:
    """Return medians over seeds with the quartiles, over the start's loss."""
    name, color, _ = LOOKS[str(rows["method"][0])]
    x = np.unique(rows["queries_spent"])
    groups = [rows.where(queries_spent=int(mark))["loss"] for mark in x]
    low, middle, high = (
        np.array([np.quantile(group, level, method="inverted_cdf") for group in groups])
        for level in (0.25, 0.5, 0.75)
    )
    low, middle, high = (values / middle[0] for values in (low, middle, high))
    finite = np.where(np.isfinite(middle), middle, np.nan)
    return Series(name, Kind.RUN, x, finite, color, low, high)


def losses(source: Source, problem: str) -> Panel:
    """Return losses of all methods."""
    rows = source.results.where(problem=problem)
    found = [loss(rows.where(method=method)) for method in shown(source, tuple(LOOKS))]
    return Panel(problem, "function values", "loss / first", found, y_scale="log")


def alignments(source: Source, problem: str) -> Panel:
    """Return squared cosines with the gradient, and what the optimizer takes them for."""
    rows, found = source.results.where(problem=problem), []
    for method in shown(source, ALIGNED):
        name, color, _ = LOOKS[method]
        mine = known(rows.where(method=method), "alignment")
        mean = over_seeds(mine, "queries_spent", "alignment")
        found.append(Series(name, Kind.RUN, mean.x, mean.mean, color, mean.low, mean.high))
        if method == "guided":
            own = over_seeds(known(mine, "estimated_alignment"), "queries_spent", "estimated_alignment")
            found.append(
                Series(f"{name}, its own estimate", Kind.REFERENCE, own.x, own.mean, color, dashes="--")
            )
    dim = int(rows["dim"][0])
    ends = np.array([0, source.config.budget], dtype=float)
    found.append(Series("1/d", Kind.REFERENCE, ends, np.full(2, 1 / dim), BLACK, dashes=":"))
    return Panel(problem, "function values", "alignment ρ²", found, y_limits=(0, 1))


def errors(source: Source, problem: str) -> Panel:
    """Return E|g|^2 over that of the sphere, predicted and measured."""
    rows, found = source.results.where(problem=problem), []
    for method in shown(source, ("guided", "dap", "dap-published")):
        name, color, _ = LOOKS[method]
        mine = relative(rows.where(method=method))
        line = over_seeds(known(mine, "predicted"), "queries_spent", "predicted")
        found.append(Series(name, Kind.THEORY, line.x, line.mean, color))
        points = over_seeds(known(mine, "energy"), "queries_spent", "measured")
        found.append(Series(name, Kind.MEASURED, points.x, points.mean, color, points.low, points.high))
    return Panel(problem, "function values", "E|g|² / sphere's", found, y_limits=(0, 2.6))


def known(rows: Results, column: str) -> Results:
    """Return the rows that have a number: not those without a guide, nor of runs that diverged."""
    finite = np.isfinite(rows[column])
    return Results({name: values[finite] for name, values in rows.columns.items()}, rows.facts)


def relative(rows: Results) -> Results:
    """Return rows with energies in units of the sphere's."""
    more = {
        "predicted": rows["predicted_energy"] / rows["sphere_energy"],
        "measured": rows["energy"] / rows["sphere_energy"],
    }
    return Results({**rows.columns, **more}, rows.facts)


def panels(source: Source) -> list[Panel]:
    """Return losses, alignments and errors, a column for each problem."""
    problems = source.config.problems
    rows = [losses, alignments, errors] if "guided" in source.config.methods else [losses]
    return [row(source, problem) for row in rows for problem in problems]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    tuning = tuned(source.results.where(queries_spent=0, seed=0), config.tuning_seeds, "2")
    said = [
        f"{config.perturbations} central differences a step, the best learning rate of each method, "
        f"{len(np.unique(source.results['seed']))} seeds. {tuning} Top: median loss over the first median, "
        "with quartiles (of an even number of seeds the lower middle one). "
        "Middle: squared cosine of the gradient and what is probed along (dashed: GuidedSGD's own; "
        "dotted: 1/d). Bottom: mean squared length of the estimate over the sphere's; lines: expected at "
        "the measured alignment, points: measured; means over seeds, 95% intervals. Guided ES is biased "
        "towards its guide: its lengths say nothing about its error, and are not shown."
    ]
    for problem in config.problems:
        rows = source.results.where(problem=problem)
        curves = [loss(rows.where(method=name)) for name in shown(source, tuple(LOOKS))]
        ends = sorted((float(curve.column("y")[-1]), curve.name) for curve in curves)
        listed = "; ".join(f"{name} {number(value)}" for value, name in ends)
        said.append(f"Last of these, {problem}: {listed}.")
    return said


FIGURE = PaperFigure(
    experiment="guided",
    title="Alignment from the past, from half of the batch, and none",
    panels=panels,
    facts=facts,
    columns=5,
    narrowest=0.95,
    height=0.95,
    share_y=False,
    legend=True,
)
