"""The tournament: ranks of all methods on each problem, and areas under loss curves less the sphere's."""

import numpy as np

from paper_figs._adaptive import median
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    SKY,
    VERMILLION,
    WINE,
    number,
)
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
# Functions, quadratics, classifiers of digits, attack.
DRAWN = {
    "cubic": (BLACK, "o"),
    "levy": (BLACK, "^"),
    "rosenbrock": (GREY, "D"),
    "ackley": (GREY, "v"),
    "rastrigin": (GREY, "P"),
    "log-uniform": (VERMILLION, "s"),
    "spiked": (WINE, "X"),
    "logistic": (BLUE, "o"),
    "network": (SKY, "^"),
    "attack": (ORANGE, "D"),
}
# What areas are compared with.
BASE = "sphere"


def areas(source: Source, problem: str) -> dict[str, FloatArray]:
    """Return the areas of the seeds, by method."""
    rows = source.results.where(problem=problem, queries_spent=0)
    found = {}
    for method in source.config.methods:
        mine = rows.where(method=method)
        found[method] = mine["area"][np.argsort(mine["seed"])]
    return found


def ranks(source: Source, problem: str) -> dict[str, float]:
    """Return each method's median rank over seeds by area, 1 for the lowest; equal ones share theirs."""
    found = areas(source, problem)
    table = np.array(list(found.values()))
    below = (table[None] < table[:, None]).sum(axis=1)
    equal = (table[None] == table[:, None]).sum(axis=1)
    middle = np.median(1 + below + (equal - 1) / 2, axis=1)
    return dict(zip(found, middle.tolist(), strict=True))


def over_problems(source: Source) -> dict[str, FloatArray]:
    """Return each method's ranks on the problems, best median first."""
    found = [ranks(source, problem) for problem in source.config.problems]
    table = {method: np.array([row[method] for row in found]) for method in source.config.methods}
    return dict(sorted(table.items(), key=lambda item: (float(np.median(item[1])), item[1].mean())))


def panels(source: Source) -> list[Panel]:
    """Return ranks, and areas less those of `BASE`: a row for each method, best median rank first."""
    methods, problems = list(over_problems(source)), source.config.problems
    names = tuple(NAMES[method] for method in methods)
    ranked, compared = [], []
    for place, problem in enumerate(problems):
        color, marker = DRAWN[problem]
        rows = np.arange(len(methods)) + 0.8 * ((place + 0.5) / len(problems) - 0.5)
        row, found = ranks(source, problem), areas(source, problem)
        values = np.array([row[method] for method in methods])
        ranked.append(Series(problem, Kind.MEASURED, rows, values, color, marker=marker))
        # Seeds share starts and batches: differences are paired.
        less = np.array([median(found[method] - found[BASE]) for method in methods])
        given = less[:, 0], color, less[:, 1], less[:, 2]
        compared.append(Series(problem, Kind.MEASURED, rows, *given, marker=marker))
    limits = (-0.6, 1.0)
    return [
        Panel("ranks", "", "median rank", ranked, categories=names),
        Panel("areas", "", f"area less the {BASE}'s", compared, categories=names, y_limits=limits),
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says: what is shown, ranks, and the best on each problem."""
    config, table = source.config, over_problems(source)
    tuning = source.results.where(queries_spent=0, seed=0)["tuning_queries"]
    ends = source.results.where(queries_spent=0, seed=0)["at_grid_end"]
    said = [
        f"{config.perturbations} forward differences a step, {config.budget} function values, "
        f"{source.seeds} seeds with starts and batches shared by all methods. Area: mean over the run of "
        "log10 of the loss over the start's (0: no progress; lower is better). Left: median rank over "
        "seeds by area, of each method on each problem; the best median over problems at the top. Right: "
        "area less the sphere's at the same seed, medians with intervals by order statistics, some beyond "
        f"the axis. Learning rates by the median final loss of {config.tuning_seeds} other runs on a grid "
        f"of ratio 2 that grows until the best is inside ({int(np.sum(ends))} of {ends.size} did not "
        f"get there); tuning took {int(np.median(tuning))} function values for a method and problem in the "
        "median, the same for all seeds."
    ]
    listed = "; ".join(f"{NAMES[m]} {number(float(np.median(row)))}" for m, row in table.items())
    said.append(f"Median ranks: {listed}.")
    diverged = {
        f"{NAMES[method]} on {problem}": int(np.isinf(last["loss"]).sum())
        for problem in config.problems
        for method in config.methods
        for last in [source.results.where(problem=problem, method=method, queries_spent=config.budget)]
    }
    told = [f"{name} ({count})" for name, count in diverged.items() if count]
    said.append(f"Runs that diverged at rates that tuning chose: {', '.join(told) or 'none'}.")
    for problem in config.problems:
        middle = {m: float(np.median(found)) for m, found in areas(source, problem).items()}
        order = sorted(middle, key=lambda method: middle[method])[:3]
        best = ", ".join(f"{NAMES[method]} {number(middle[method])}" for method in order)
        said.append(f"Least areas, {problem}: {best}.")
    said.append(WHY)
    return said


WHY = (
    "What theory says: all laws of fixed length have one error (A6), and so have both stages of DAP "
    "averaged (C4); stage 2 alone has half of the perturbations, twice the error. Coordinates have the "
    "smallest stable step (D3c). Importance blocks lower the error where energies of blocks differ (A8b); "
    "but the best step is set by curvature, and where energies are as curvatures squared, as on the "
    "quadratic log-uniform, that term stays what it is without blocks (H6b). A guide gains by past probes "
    "over d while the gradient stays (A9), and runs as short as these have few."
)

FIGURE = PaperFigure(
    experiment="tournament",
    title="Tournament: each method with its best learning rate on each problem",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=1.5,
    height=2.7,
    legend=True,
)
