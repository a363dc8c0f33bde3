"""The tournament: ranks of all methods on each problem, and areas under loss curves less the sphere's."""

from dataclasses import replace

import numpy as np

from paper_figs._adaptive import median
from zotheory.experiment import MissingResults, Results
from zotheory.experiment.request import Request, counted
from zotheory.plotting.paper import LINEAR, Kind, Panel, PaperFigure, Series, Source, best_source
from zotheory.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
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
    "guided-es": "Guided ES",
    "bcd-cyclic": "MeZO-BCD cyclic",
    "bcd-uniform": "MeZO-BCD uniform",
    "guided": "guided",
    "importance": "importance blocks",
}
# Functions, quadratics, classifiers of digits, attack, mesh.
DRAWN = {
    "cubic": (BLACK, "o"),
    "levy": (BLACK, "^"),
    "rosenbrock": (GREY, "D"),
    "ackley": (GREY, "v"),
    "rastrigin": (GREY, "P"),
    "log-uniform": (VERMILLION, "s"),
    "spiked": (WINE, "X"),
    "log-uniform-long": (VERMILLION, ">"),
    "levy-large": (BLACK, "<"),
    "logistic": (BLUE, "o"),
    "network": (SKY, "^"),
    "mnist": (BLUE, "v"),
    "attack": (ORANGE, "D"),
    "mesh": (GREEN, "s"),
}
# What areas are compared with.
BASE = "sphere"
# Presets beside the evidence: another method on its problems, and other problems.
BESIDE = ("guided-es", "larger")


def beside(source: Source) -> list[Source]:
    """Return the results that belong to the evidence, if it is that and the store has them all."""
    experiment = source.request.experiment
    if source.config != experiment.preset("evidence").config:
        return []
    try:
        return [best_source(experiment, source.store, preset) for preset in BESIDE]
    except MissingResults:
        return []


def joined(source: Source) -> Source:
    """Return the results of all methods on all problems; of some problems there may be fewer seeds."""
    parts = [source, *beside(source)]
    names = {
        key: tuple(dict.fromkeys(name for part in parts for name in getattr(part.config, key)))
        for key in ("problems", "methods")
    }
    columns = {
        name: np.concatenate([part.results[name] for part in parts]) for name in source.results.columns
    }
    facts = [fact for part in parts for fact in part.results.facts]
    request = Request.of(source.request.experiment, replace(source.config, **names), source.seeds)
    return Source(request, Results(columns, facts), source.store)


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
    source = joined(source)
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
    limits = (-0.6, 3.0)
    return [
        Panel("ranks", "", "median rank", ranked, categories=names),
        Panel(
            "areas",
            "",
            f"area less the {BASE}'s",
            compared,
            y_scale="symlog",
            categories=names,
            y_limits=limits,
        ),
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says: what is shown, ranks, and the best on each problem."""
    more = [
        f"{said} by `{part.command}` ({counted(part.seeds, 'seed')}, {part.results.queries} function "
        f"values, at commit {', '.join(part.commits)})"
        for said, part in zip(("Guided ES", "the other problems"), beside(source), strict=False)
    ]
    named, source = ", ".join(source.config.problems), joined(source)
    config, table = source.config, over_problems(source)
    values = {problem: config.values(problem) for problem in config.problems}
    usual = min(values.values())
    longer = ", ".join(f"{count} on {name}" for name, count in values.items() if count > usual)
    seeds = {len(areas(source, problem)[BASE]) for problem in config.problems}
    said = [
        f"{config.perturbations} forward differences a step, {usual} function values"
        f"{f' ({longer})' if longer else ''}, {' or '.join(map(str, sorted(seeds)))} seeds with starts "
        "and batches shared by all methods. Area: mean over the run of log10 of the loss over the start's "
        "(0: no progress; lower is better). Left: median rank over seeds by area, of each method on each "
        "problem; the best median over problems at the top. Right: area less the sphere's at one seed, "
        "medians with intervals by order statistics, on an axis that is linear up to "
        f"{LINEAR} on either side of 0 and logarithmic beyond. {tuning(source)}"
    ]
    if more:
        said.append(f"Measured on {named} as below, {' and '.join(more)}.")
    listed = "; ".join(f"{NAMES[m]} {number(float(np.median(row)))}" for m, row in table.items())
    said.append(f"Median ranks: {listed}.")
    diverged = {
        f"{NAMES[method]} on {problem}": int(np.isinf(last["loss"]).sum())
        for problem in config.problems
        for method in config.methods
        for last in [source.results.where(problem=problem, method=method, queries_spent=values[problem])]
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


def table(source: Source) -> list[list[str]]:
    """Return a row for each method: median rank, then rank and area less the base's on each problem."""
    source = joined(source)
    problems, found = source.config.problems, over_problems(source)
    measured = {problem: areas(source, problem) for problem in problems}
    rows = [["rank; area less the sphere's [interval]", "median rank", *problems]]
    for method, row in found.items():
        cells = []
        for problem, rank in zip(problems, row, strict=True):
            middle, low, high = median(measured[problem][method] - measured[problem][BASE])
            cells.append(f"{number(rank)}; {middle:+.3f} [{low:+.3f}, {high:+.3f}]")
        rows.append([NAMES[method], number(float(np.median(row))), *cells])
    return rows


def tuning(source: Source) -> str:
    """Return how rates were chosen, what that took, and what intervals leave out."""
    one = source.results.where(queries_spent=0, seed=0)
    ends = int(np.sum(one["at_grid_end"]))
    spent = one["tuning_queries"]
    return (
        f"Learning rates by the median final loss of {source.config.tuning_seeds} other runs on a grid of "
        f"ratio 2 that grows until the best is inside ({ends} of {one['lr'].size} did not get there); "
        f"tuning took {int(spent.min())} to {int(spent.max())} function values for a method and problem, "
        f"{int(np.median(spent))} in the median, the same for all seeds: intervals do not contain that "
        "another tuning may choose a neighbour."
    )


WHY = (
    "What theory says: all laws of fixed length have one error (A6), and so have both stages of DAP "
    "averaged (C4); stage 2 alone has half of the perturbations, twice the error. Coordinates have the "
    "smallest stable step (D3c). Importance blocks lower the error where energies of blocks differ (A8b), "
    "as on log-uniform, where they are best; but the best step is set by curvature, and at a normal start "
    "on it that term is what it is without blocks (H6b). A guide gains by past probes over d while the "
    "gradient stays (A9), and most of these runs are short. Guided ES steps d + 1 times as far along its "
    "guide as across, leaves little of the gradient there, and on |x|²/2 then gains half of what the "
    "sphere does (H5c). That adaptive steps are best on attacks is measured and not predicted (H3)."
)

FIGURE = PaperFigure(
    experiment="tournament",
    title="Tournament: each method with its best learning rate on each problem",
    panels=panels,
    facts=facts,
    table=table,
    columns=2,
    narrowest=1.5,
    height=2.7,
    legend=True,
)
