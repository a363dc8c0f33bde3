"""Error of two-stage estimates against the part of the batch that goes to the rough direction."""

import numpy as np

from paper_figs._errors import ERRORS
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, pooled
from zotheory.plotting.style import BLACK, BLUE, ORANGE, VERMILLION, number

COLORS = {"second": ORANGE, "average": BLUE, "optimal": VERMILLION}
LABELS = {"second": "stage 2 only", "average": "average", "optimal": "best weights"}
# Relative: closer predictions are one line.
EQUAL = 1e-3
FUNCTIONS = {
    "indefinite": "an indefinite quadratic",
    "definite": "a definite quadratic",
    "product": "the product of the coordinates",
}
ONE_STAGE = "one-stage"


def chosen(source: Source) -> tuple[str, str, float]:
    """Return the function, the probes and mu that are shown."""
    config = source.config
    return config.functions[-1], config.probes[0], min(config.mus)


def shown_combinations(source: Source) -> list[str]:
    """Return the combinations but for best weights where those are the average's."""
    function, probes, mu = chosen(source)
    rows = source.results.where(function=function, probes=probes, mu=mu)
    found = list(source.config.combinations)
    if {"average", "optimal"} <= set(found):
        average, optimal = (rows.where(combination=c)["predicted_total"] for c in ("average", "optimal"))
        if np.allclose(average, optimal, rtol=EQUAL):
            found.remove("optimal")
    return found


def shown_batches(source: Source) -> list[int]:
    """Return the smallest, the middle and the largest batch."""
    batches = source.config.batches
    return [batches[i] for i in sorted({0, len(batches) // 2, len(batches) - 1})]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each kind of error and batch, relative to one stage's predicted error."""
    function, probes, mu = chosen(source)
    results = source.results.where(function=function, probes=probes, mu=mu)
    found = []
    for kind, name in ERRORS.items():
        for batch in shown_batches(source):
            rows = results.where(batch=batch)
            one = rows.where(combination=ONE_STAGE)
            unit = float(one[f"predicted_{kind}"].mean())
            splits = np.array(source.config.splits, dtype=float)
            alone = pooled(one, "split", kind, f"{kind}_standard_error")
            low, high = np.full(2, alone.low[0] / unit), np.full(2, alone.high[0] / unit)
            ends = np.array([splits[0], splits[-1]])
            series = [
                Series("one stage, measured", Kind.AREA, ends, np.ones(2), BLACK, low, high),
                Series("one stage", Kind.REFERENCE, ends, np.ones(2), BLACK),
            ]
            for combination in shown_combinations(source):
                part, color = rows.where(combination=combination), COLORS[combination]
                theory = pooled(part, "split", f"predicted_{kind}")
                error = pooled(part, "split", kind, f"{kind}_standard_error")
                label = LABELS[combination]
                series += [
                    Series(label, Kind.THEORY, theory.x, theory.mean / unit, color),
                    Series(
                        label,
                        Kind.MEASURED,
                        error.x,
                        error.mean / unit,
                        color,
                        error.low / unit,
                        error.high / unit,
                    ),
                ]
            found.append(
                Panel(
                    f"{name}, B = {batch}",
                    "stage 1, % of batch",
                    "error / one stage",
                    series,
                    y_scale="log",
                )
            )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    function, probes, mu = chosen(source)
    config = source.config
    results = source.results.where(function=function, probes=probes, mu=mu)
    said = [
        f"Errors of two-stage estimates ({probes} probes, then draws aligned with their mean), on "
        f"{FUNCTIONS[function]} in dimension {config.dim}, over those of one stage with the same batch B; "
        "black: one stage; shaded: as measured."
    ]
    if "optimal" in config.combinations and "optimal" not in shown_combinations(source):
        said.append("The average of all draws has the best constant weights.")
    for kind, name in ERRORS.items():
        best = []
        for batch in shown_batches(source):
            rows = results.where(batch=batch)
            unit = float(rows.where(combination=ONE_STAGE)[f"predicted_{kind}"].mean())
            values = [
                (float(rows.where(combination=c, split=s)[kind].mean()) / unit, LABELS[c], s)
                for c in shown_combinations(source)
                for s in config.splits
            ]
            value, label, split = min(values)
            best.append(f"B = {batch} {number(value)} ({label}, {split}%)")
        said.append(f"Least measured ratio, {name}: {'; '.join(best)}.")
    return said


FIGURE = PaperFigure(
    experiment="batch-split",
    title="How to split a batch between two stages",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.0,
    height=0.75,
    legend=True,
)
