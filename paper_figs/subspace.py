"""Block coordinate descent against MeZO: losses by queries and by time, energies, predicted factors."""

import numpy as np

from paper_figs._rates import tuned
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, over_seeds
from zotheory.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INDIGO,
    OLIVE,
    ORANGE,
    PINK,
    SKY,
    VERMILLION,
    WINE,
    number,
)
from zotheory.types import FloatArray

LOOKS = {
    "mezo": ("MeZO, Gaussian", GREY),
    "mezo-signs": ("MeZO, signs", BLACK),
    "cyclic": ("blocks, cyclic", BLUE),
    "uniform": ("blocks, uniform", SKY),
    "size": ("blocks by size", GREEN),
    "importance": ("blocks by importance", VERMILLION),
}
SHORT = {
    "mezo": "Gaussian",
    "mezo-signs": "signs",
    "cyclic": "cyclic",
    "uniform": "uniform",
    "size": "size",
    "importance": "importance",
}
BLOCK_COLORS = (WINE, INDIGO, OLIVE, PINK)
BLOCKS = range(4)


def shown(source: Source) -> list[str]:
    """Return the methods that were run."""
    return [name for name in LOOKS if name in source.config.methods]


def losses(source: Source, network: str, *, timed: bool) -> Panel:
    """Return mean losses with intervals, against function values or processor seconds."""
    found = []
    for method in shown(source):
        name, color = LOOKS[method]
        rows = source.results.where(network=network, method=method)
        mean = over_seeds(rows, "queries_spent", "loss")
        x = over_seeds(rows, "queries_spent", "seconds").mean if timed else mean.x
        found.append(Series(name, Kind.RUN, x, mean.mean, color, mean.low, mean.high))
    label = "seconds" if timed else "function values"
    return Panel(network, label, "loss", found, y_scale="log")


def energies(source: Source, network: str) -> Panel:
    """Return shares of the blocks in the gradient's energy, in curvature and in size."""
    method = "importance" if "importance" in source.config.methods else shown(source)[-1]
    rows = source.results.where(network=network, method=method)
    found = []
    for b in BLOCKS:
        share = over_seeds(rows, "queries_spent", f"energy_{b}")
        likely = over_seeds(rows, "queries_spent", f"probability_{b}")
        color = BLOCK_COLORS[b]
        found.append(
            Series(f"energy, block {b + 1}", Kind.RUN, share.x, share.mean, color, share.low, share.high)
        )
        found.append(Series(f"p, block {b + 1}", Kind.THEORY, likely.x, likely.mean, color, dashes="--"))
    return Panel(network, "function values", "share of a block", found, y_limits=(0, 1))


def factors(source: Source, network: str) -> Panel:
    """Return nu / d, predicted and measured, and the predicted E[g^T H g] in units of |grad f|^2 tr H."""
    methods = shown(source)
    places = np.arange(len(methods), dtype=float)
    predicted, curvature, low, middle, high = (np.zeros(len(methods)) for _ in range(5))
    for place, method in enumerate(methods):
        rows = at_measured(source.results.where(network=network, method=method))
        predicted[place] = (rows["predicted_factor"] / rows["dim"]).mean()
        curvature[place] = (rows["predicted_curvature"] / sum(rows[f"trace_{b}"] for b in BLOCKS)).mean()
        seen = over_seeds(per_seed(rows, rows["factor"] / rows["dim"]), "place", "factor")
        low[place], middle[place], high[place] = seen.low[0], seen.mean[0], seen.high[0]
    found = [
        Series("variance: ν / d", Kind.MARK, places, predicted, BLUE),
        Series("variance: ν / d", Kind.MEASURED, places, middle, BLUE, low, high),
        Series("curvature term / tr H", Kind.MARK, places, curvature, ORANGE),
    ]
    return Panel(
        network, "", "relative to no blocks", found, categories=tuple(SHORT[name] for name in methods)
    )


def at_measured(rows: Results) -> Results:
    """Return the rows in which structures were measured, but for the start if there are others."""
    marks = np.unique(rows["queries_spent"][np.isfinite(rows["factor"])]).tolist()
    return rows.where(queries_spent=[mark for mark in marks if mark] or marks)


def per_seed(rows: Results, values: FloatArray) -> Results:
    """Return the means over the times of each seed, all at one place."""
    seeds = np.unique(rows["seed"])
    means = np.array([values[rows["seed"] == seed].mean() for seed in seeds])
    return Results({"seed": seeds, "place": np.zeros(seeds.size), "factor": means}, [])


def panels(source: Source) -> list[Panel]:
    """Return a row for each network."""
    found = []
    for network in source.config.networks:
        found += [losses(source, network, timed=False), losses(source, network, timed=True)]
        found += [energies(source, network), factors(source, network)]
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    seeds = len(np.unique(source.results["seed"]))
    tuning = tuned(source.results.where(queries_spent=0, seed=0), config.tuning_seeds, "2")
    said = [
        f"Networks for 8 × 8 digits, one central difference a step, {config.steps} steps, the best "
        f"learning rate of each method, {seeds} seeds; means with 95% intervals. {tuning} "
        "Seconds are processor time. Blocks' shares: of the squared gradient (lines) and of the draws by "
        "importance (dashed). Right, blue: mean squared length of an unbiased estimate g over d|∇f|², "
        "expected (open) and measured (points); orange: expected g·Hg over |∇f|² tr H, to which the gain "
        "of the best step on a quadratic is inverse, for normal perturbations (for signs a part goes off "
        "that is not stored). Both: means over the points after the start."
    ]
    for network in config.networks:
        rows = source.results.where(network=network)
        last = rows.where(queries_spent=int(rows["queries_spent"].max()))
        values = sorted(
            (float(last.where(method=name)["loss"].mean()), LOOKS[name][0]) for name in shown(source)
        )
        listed = "; ".join(f"{name} {number(value)}" for value, name in values)
        said.append(f"Last loss, {network}: {listed}.")
        spans, drawn = [], factors(source, network).series
        for title, series in (("ν", drawn[0]), ("curvature term", drawn[2])):
            order = sorted(zip(np.asarray(series.y).tolist(), shown(source), strict=True))
            told = [f"{number(value)} ({LOOKS[name][0]})" for value, name in (order[0], order[-1])]
            spans.append(f"{title} {' to '.join(told)}")
        said.append(f"Expected, relative to no blocks, {network}: {'; '.join(spans)}.")
        times = {name: last.where(method=name) for name in shown(source)}
        listed = "; ".join(
            f"{LOOKS[name][0]} {number(1e3 * float(np.median(found['wide_step_seconds'])))}"
            for name, found in times.items()
        )
        said.append(f"Processor time of a step with three layers of {config.wide}, ms: {listed}.")
    return said


FIGURE = PaperFigure(
    experiment="subspace",
    title="Blocks against MeZO, and what their structure predicts",
    panels=panels,
    facts=facts,
    columns=4,
    narrowest=1.0,
    height=0.95,
    share_y=False,
    legend=True,
)
