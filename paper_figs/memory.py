"""Memory of fine-tuning steps against that of inference."""

import numpy as np

from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLUE, GREY, ORANGE, VERMILLION, number
from zotheory.types import FloatArray

INFERENCE = "inference"
NAMES = {
    INFERENCE: "inference",
    "zo-sgd/rademacher": "signs",
    "dap/sphere": "DAP",
    "mezo-bcd-cyclic/rademacher": "blocks",
    "guided/sphere": "guided",
    "zo-adamm/rademacher": "ZO-AdaMM",
    "r-adazo/rademacher": "R-AdaZO",
    "sgd": "SGD",
    "adamw": "AdamW",
}
GOAL = 1.05
SMALL = 100 * 1024  # kB of weights
WAYS = (("resident_peak", "resident", BLUE, 0.12), ("allocated_peak", "allocated", ORANGE, -0.12))


def ratios(source: Source, model: str, method: str, column: str) -> FloatArray:
    """Return a method's peaks over the median of inference, one for each seed in which it was measured."""
    rows = source.results.where(model=model)
    base = np.nanmedian(rows.where(method=INFERENCE)[column].astype(float))
    found = rows.where(method=method)[column].astype(float) / base
    return found[np.isfinite(found)]


def shown(source: Source) -> list[str]:
    """Return the methods that were measured."""
    return [name for name in NAMES if name in source.config.methods]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each model."""
    found, methods = [], shown(source)
    places, ends = np.arange(len(methods), dtype=float), np.array([0.0, len(methods) - 1.0])
    for model in source.config.models:
        series = [
            Series("inference", Kind.REFERENCE, ends, [1, 1], GREY),
            Series("1.05", Kind.REFERENCE, ends, [GOAL, GOAL], VERMILLION, dashes=":"),
        ]
        for column, name, color, shift in WAYS:
            values = [ratios(source, model, method, column) for method in methods]
            x = np.repeat(places, [len(one) for one in values])
            series.append(Series(name, Kind.MEASURED, x + shift, np.concatenate(values), color))
        names = tuple(NAMES[name] for name in methods)
        found.append(Panel(model, "", "over inference", series, categories=names))
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    said = [
        f"Largest memory of a step over that of inference on the same batch, {config.batch} sentences of "
        f"{config.length} tokens, all parameters tuned, float32, one thread, the head at the last position "
        "alone; central differences. Resident (blue): of a fresh process, less libraries, a point for "
        f"each of {source.seeds}. Allocated (orange): what torch had asked for at a time, in one "
        "of them. Dotted: 1.05. Steps: two, the first one included; of block descent until the largest "
        "block had its turn."
    ]
    for model in config.models:
        rows = source.results.where(model=model)
        base = rows.where(method=INFERENCE)
        told = [
            f"{NAMES[name]} {np.median(ratios(source, model, name, 'resident_peak')):.3f} "
            f"({np.median(ratios(source, model, name, 'allocated_peak')):.3f})"
            for name in shown(source)
            if name != INFERENCE
        ]
        said.append(
            f"{model}: weights {number(float(rows['weights'][0]) / 1024)} MiB, inference "
            f"{number(float(np.median(base['resident_peak'])) / 1024)} MiB resident, "
            f"{number(float(np.nanmedian(base['allocated_peak'])) / 1024)} allocated; over "
            f"inference, medians, resident (allocated): {', '.join(told) or 'nothing else'}."
        )
        if float(rows["weights"][0]) < SMALL:
            said.append(
                "Of so small a model resident memory shows what libraries and the allocator hold besides, "
                "megabytes that vary; memory equals inference is said of models of which weights are most."
            )
    return said


FIGURE = PaperFigure(
    experiment="memory",
    title="Memory of a step over that of inference",
    panels=panels,
    facts=facts,
    columns=1,
    narrowest=3.0,
    height=1.6,
    share_x=False,
    share_y=False,
    preset="evidence",
    legend=True,
)
