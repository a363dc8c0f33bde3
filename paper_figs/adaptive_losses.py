"""Losses of adaptive methods: at one learning rate for both, a matched one, and the best of each."""

from typing import Literal

import numpy as np

from paper_figs._adaptive import MATCHED, METHODS, medians
from paper_figs._rates import tuned
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import number

COMPARED = ("zo-adamm", "r-adazo")


def scale(source: Source) -> Literal["linear", "log"]:
    """Return that of losses: logarithmic where some fall below a tenth of the start's."""
    return "log" if source.results["loss"].min() < 0.1 else "linear"


def same(source: Source, name: str) -> Panel:
    """Return the losses of two adaptive methods at one learning rate, and of one at the matched rate."""
    chosen = source.results.where(function=name, law=source.config.laws[0])
    curves: list[Series] = []
    for method in COMPARED:
        if method in source.config.methods:
            loss = medians(chosen.where(method=method, rule="same"), "loss")
            curves.append(loss.series(METHODS[method], Kind.RUN))
    if "zo-adamm" in source.config.methods and "matched" in source.config.rules:
        curves.append(medians(chosen.where(rule="matched"), "loss").series(MATCHED, Kind.RUN))
    return Panel(name, "queries", "one rate:\nloss / start", curves, y_scale=scale(source))


def best(source: Source, name: str) -> Panel:
    """Return the losses of all methods, each at its best learning rate."""
    chosen = source.results.where(function=name, law=source.config.laws[0], rule="tuned")
    curves = [
        medians(chosen.where(method=method), "loss").series(METHODS[method], Kind.RUN)
        for method in source.config.methods
    ]
    return Panel(name, "queries", "best rates:\nloss / start", curves, y_scale=scale(source))


def panels(source: Source) -> list[Panel]:
    """Return a row of panels with one learning rate, and one with the best of each method."""
    found = []
    if "same" in source.config.rules:
        found += [same(source, name) for name in source.config.functions]
    if "tuned" in source.config.rules:
        found += [best(source, name) for name in source.config.functions]
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    factor = np.sqrt((1 + config.beta1) / (1 - config.beta1))
    said = [
        f"Medians of {config.trials} trials with 95% intervals, d = {config.dim}, {config.queries} forward "
        f"differences a step along {config.laws[0]} perturbations. One rate: {number(config.lr)} for both "
        f"methods; matched: that times {number(float(factor))} for ZO-AdaMM, to which the ratio of step "
        "lengths would tend in pure noise. Best rates: for each method and function."
    ]
    if "tuned" in config.rules:
        rows = source.results.where(rule="tuned", law=config.laws[0], queries=0, trial=0)
        said.append(tuned(rows, config.tuning_trials, number(config.grid_ratio)))
    for rule, methods in (("same", COMPARED), ("tuned", config.methods)):
        if rule not in config.rules:
            continue
        for name in config.functions:
            chosen = source.results.where(function=name, law=config.laws[0])
            values = [
                (METHODS[m].name, medians(chosen.where(method=m, rule=rule), "loss").middle[-1])
                for m in methods
                if m in config.methods
            ]
            if rule == "same" and "matched" in config.rules and "zo-adamm" in config.methods:
                values.append((MATCHED.name, medians(chosen.where(rule="matched"), "loss").middle[-1]))
            listed = "; ".join(f"{label} {_told(value)}" for label, value in values)
            said.append(f"Last, {name}, {'one rate' if rule == 'same' else 'best rates'}: {listed}.")
    return said


def _told(loss: float) -> str:
    return number(float(loss)) if np.isfinite(loss) else "diverged"


FIGURE = PaperFigure(
    experiment="adaptive-synthetic",
    preset="evidence",
    title="R-AdaZO against ZO-AdaMM at one learning rate, and all methods with the best of each",
    panels=panels,
    facts=facts,
    columns=6,
    narrowest=0.85,
    height=0.95,
    legend=True,
)
