"""Block coordinate descent against MeZO: losses by queries and time, overlaps, ranks, predicted factors."""

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
METHOD_BLOCKS = {name: not name.startswith("mezo") for name in LOOKS}
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


def blocks_method(source: Source) -> str:
    """Return the method whose blocks are shown."""
    return "importance" if "importance" in source.config.methods else shown(source)[-1]


def overlaps(source: Source, network: str) -> Panel:
    """Return the shares of the blocks in |grad|^2, which are their overlaps, and in the draws."""
    method = blocks_method(source)
    rows = source.results.where(network=network, method=method)
    found = []
    for b in BLOCKS:
        share = over_seeds(rows, "queries_spent", f"energy_{b}")
        likely = over_seeds(rows, "queries_spent", f"probability_{b}")
        color = BLOCK_COLORS[b]
        found.append(
            Series(f"overlap, block {b + 1}", Kind.RUN, share.x, share.mean, color, share.low, share.high)
        )
        found.append(Series(f"p, block {b + 1}", Kind.REFERENCE, likely.x, likely.mean, color, dashes="--"))
    return Panel(network, "function values", "share of a block", found, y_limits=(0, 1))


def ranks(source: Source, network: str) -> Panel:
    """Return d, the expected stable rank of drawn blocks, and the intrinsic rank of the Hessian."""
    method = blocks_method(source)
    rows = source.results.where(network=network, method=method)
    ends = np.array([0, int(rows["queries_spent"].max())], dtype=float)
    found = [Series("d", Kind.REFERENCE, ends, np.full(2, int(rows["dim"][0])), BLACK, dashes=":")]
    size = np.sum([rows[f"probability_{b}"] * rows[f"size_{b}"] for b in BLOCKS], axis=0)
    if METHOD_BLOCKS[method]:
        stable = over_seeds(
            Results({**rows.columns, "stable": size}, rows.facts), "queries_spent", "stable"
        )
        found.append(
            Series("stable rank of blocks", Kind.RUN, stable.x, stable.mean, BLUE, stable.low, stable.high)
        )
    known = np.isfinite(rows["intrinsic_rank"])
    seen = Results({name: values[known] for name, values in rows.columns.items()}, rows.facts)
    rank = over_seeds(seen, "queries_spent", "intrinsic_rank")
    given = rank.x, rank.mean, VERMILLION, rank.low, rank.high
    found.append(Series("intrinsic rank of H", Kind.MEASURED, *given))
    return Panel(network, "function values", "rank", found, y_scale="log")


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
    return Panel(network, "", "over no blocks", found, categories=tuple(SHORT[name] for name in methods))


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
        found += [overlaps(source, network), ranks(source, network), factors(source, network)]
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    seeds = len(np.unique(source.results["seed"]))
    tuning = tuned(source.results.where(queries_spent=0, seed=0), config.tuning_seeds, "2")
    said = [
        f"Networks for digits, one central difference a step, {config.steps} steps, the best "
        f"learning rate of each method, {seeds} seeds; means with 95% intervals. {tuning} "
        "Seconds are processor time. Third column, of blocks by importance: the blocks' overlaps with the "
        "gradient, their shares of |∇f|² (lines), and their shares of the draws (dashed). Fourth: d "
        "(dotted), the stable rank of a drawn perturbation, the number of entries of its block, in the "
        "mean over draws, and the intrinsic rank tr H/|H|. Right, blue: mean squared length of an unbiased "
        "estimate g over d|∇f|², "
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
        said.append(rates(source, network))
        times = {name: last.where(method=name) for name in shown(source)}
        listed = "; ".join(
            f"{LOOKS[name][0]} {number(1e3 * float(np.median(found['wide_step_seconds'])))}"
            for name, found in times.items()
        )
        said.append(f"Processor time of a step with three layers of {config.wide}, ms: {listed}.")
    return said


def rates(source: Source, network: str) -> str:
    """Return the intrinsic rank after the start, and the tuned rate over what it says, without blocks."""
    method = next((name for name in ("mezo-signs", "mezo") if name in source.config.methods), "")
    if not method:
        return ""
    rows = at_measured(source.results.where(network=network, method=method))
    ir, trace = rows["intrinsic_rank"], np.sum([rows[f"trace_{b}"] for b in BLOCKS], axis=0)
    # |H| (ir + 2) is tr H + 2 |H|.
    over = float((rows["lr"] * (trace + 2 * trace / ir)).mean())
    forgetful = float((rows["lr"] * trace / ir * rows["dim"]).mean())
    return (
        f"Intrinsic rank, {network}, {LOOKS[method][0]}, after the start: {number(float(ir.mean()))} of "
        f"d = {int(rows['dim'][0])}; the tuned rate is {number(over)} of 1/(|H| (intrinsic rank + 2)), the "
        f"best step for normal perturbations at least, and {number(forgetful)} times 1/(|H| d)."
    )


FIGURE = PaperFigure(
    experiment="subspace",
    title="Blocks against MeZO, and what their structure predicts",
    panels=panels,
    facts=facts,
    columns=5,
    narrowest=0.95,
    preset="evidence",
    height=0.95,
    share_y=False,
    legend=True,
)
