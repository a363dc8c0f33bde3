"""The tournament: areas under the loss curves of all methods on each problem, and ranks over all."""

import numpy as np

from paper_figs._adaptive import median
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLACK, BLUE, ORANGE, VERMILLION, number
from zotheory.types import FloatArray

NAMES = {
    "sphere": "sphere",
    "gaussian": "Gaussian",
    "rademacher": "Rademacher",
    "coordinate": "coordinate",
    "block": "random block",
    "low-rank": "rank one",
    "momentum": "momentum",
    "zo-signsgd": "ZO-signSGD",
    "zo-adamm": "ZO-AdaMM",
    "r-adazo": "R-AdaZO",
    "dap": "DAP, both stages",
    "dap-published": "DAP, stage 2 only",
    "bcd-cyclic": "MeZO-BCD cyclic",
    "bcd-uniform": "MeZO-BCD uniform",
    "guided": "guided",
    "importance": "importance blocks",
}
OWN = ("guided", "importance")
# Of colours with a meaning: laws, the package's own, everything else that is published.
KINDS = {
    "laws": (BLACK, "o", ("sphere", "gaussian", "rademacher", "coordinate", "block", "low-rank")),
    "own": (VERMILLION, "D", OWN),
    "blocks": (BLUE, "s", ("bcd-cyclic", "bcd-uniform")),
    "others": (ORANGE, "^", ("momentum", "zo-signsgd", "zo-adamm", "r-adazo", "dap", "dap-published")),
}


def areas(source: Source, problem: str) -> dict[str, FloatArray]:
    """Return the areas of the seeds, by method."""
    rows = source.results.where(problem=problem, queries_spent=0)
    return {method: rows.where(method=method)["area"] for method in source.config.methods}


def ranks(source: Source, problem: str) -> dict[str, float]:
    """Return each method's median rank over seeds by area, 1 for the lowest; equal ones share theirs."""
    found = areas(source, problem)
    table = np.array(list(found.values()))
    below = (table[None] < table[:, None]).sum(axis=1)
    equal = (table[None] == table[:, None]).sum(axis=1)
    middle = np.median(1 + below + (equal - 1) / 2, axis=1)
    return dict(zip(found, middle.tolist(), strict=True))


def panel(title: str, label: str, values: dict[str, FloatArray], methods: list[str]) -> Panel:
    """Return medians with intervals, a row for each method."""
    series = []
    for kind, (color, marker, members) in KINDS.items():
        chosen = [method for method in methods if method in members]
        if not chosen:
            continue
        found = np.array([median(values[method]) for method in chosen])
        places = np.array([float(methods.index(method)) for method in chosen])
        series.append(
            Series(kind, Kind.MEASURED, places, found[:, 0], color, found[:, 1], found[:, 2], marker=marker)
        )
    return Panel(title, "", label, series, categories=tuple(NAMES[method] for method in methods))


def over_problems(source: Source) -> dict[str, FloatArray]:
    """Return each method's ranks on the problems, best median first."""
    found = [ranks(source, problem) for problem in source.config.problems]
    table = {method: np.array([row[method] for row in found]) for method in source.config.methods}
    return dict(sorted(table.items(), key=lambda item: (float(np.median(item[1])), item[1].mean())))


def panels(source: Source) -> list[Panel]:
    """Return ranks over problems, then areas on each; methods in the order of the former."""
    table = over_problems(source)
    methods = list(table)
    return [
        panel("rank over problems", "median rank", table, methods),
        *(panel(problem, "area", areas(source, problem), methods) for problem in source.config.problems),
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says: what is shown, ranks, and the best on each problem."""
    config, table = source.config, over_problems(source)
    tuning = source.results.where(queries_spent=0, seed=0)["tuning_queries"]
    ends = source.results.where(queries_spent=0, seed=0)["at_grid_end"]
    said = [
        f"{config.perturbations} forward differences a step, {config.budget} function values, "
        f"{source.seeds} seeds with starts and batches shared by all methods. Area: mean over the run of "
        "log10 of the loss over the start's (0: no progress; lower is better), medians over seeds with "
        "intervals by order statistics. Rank: median over seeds by area, then over problems. Learning "
        f"rates by the median final loss of {config.tuning_seeds} other runs on a grid of ratio 2 that grows "
        f"until the best is inside ({int(np.sum(ends))} of {ends.size} did not get there); tuning took "
        f"{int(np.median(tuning))} function values for a method and problem in the median, the same for "
        "all seeds."
    ]
    listed = "; ".join(f"{NAMES[m]} {number(float(np.median(row)))}" for m, row in table.items())
    said.append(f"Median ranks: {listed}.")
    for problem in config.problems:
        middle = {m: float(np.median(found)) for m, found in areas(source, problem).items()}
        order = sorted(middle, key=lambda method: middle[method])[:3]
        best = ", ".join(f"{NAMES[method]} {number(middle[method])}" for method in order)
        said.append(f"Best on {problem}: {best}.")
    said.append(WHY)
    return said


WHY = (
    "What theory says: all laws of fixed length have one error, and so have both stages of DAP averaged; "
    "stage 2 alone has half of the perturbations, twice the error. Blocks drawn by importance gain where "
    "energies differ between them, as on quadratics whose curvatures fall from block to block, and nothing "
    "where coordinates are alike. A guide gains by the number of past probes over d while the gradient "
    "stays."
)

FIGURE = PaperFigure(
    experiment="tournament",
    title="Tournament: each method with its best learning rate on each problem",
    panels=panels,
    facts=facts,
    columns=4,
    narrowest=1.5,
    height=1.5,
    share_x=False,
    share_y=True,
)
