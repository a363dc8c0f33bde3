"""Losses in the published dimension at one learning rate: every method with every law."""

import math

import numpy as np

from paper_figs._adaptive import MATCHED, METHODS, median
from paper_figs._laws import Look, look
from paper_figs.adaptive_targets import NAMES
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import number
from zotheory.types import FloatArray


def curves(source: Source) -> list[tuple[str, str, Look]]:
    """Return methods, rules, and how they are drawn."""
    found = [(method, "same", METHODS[method]) for method in source.config.methods]
    if "zo-adamm" in source.config.methods and "matched" in source.config.rules:
        found.append(("zo-adamm", "matched", MATCHED))
    return found


def laws(source: Source) -> list[str]:
    """Return the laws with which all methods were run at one rate."""
    there = set(source.results.where(rule="same")["law"].tolist())
    return [law for law in source.config.laws if law in there]


def ends(source: Source, name: str, method: str, rule: str, law: str) -> FloatArray:
    """Return the loss at the end of each trial over that at the start, inf if it diverged."""
    rows = source.results.where(function=name, method=method, rule=rule, law=law)
    return rows.where(queries=source.config.kept[-1])["loss"].astype(float)


def panels(source: Source) -> list[Panel]:
    """Return a panel for each function: laws as categories, methods as series."""
    if "same" not in source.config.rules:
        return []
    found, drawn = [], curves(source)
    for name in source.config.functions:
        series = []
        for place, (method, rule, shown) in enumerate(drawn):
            spots = np.arange(len(laws(source))) + 0.7 * ((place + 0.5) / len(drawn) - 0.5)
            values = np.array([median(ends(source, name, method, rule, law)) for law in laws(source)])
            values[values[:, 2] > 1] = math.nan
            given = values[:, 0], shown.color, values[:, 1], values[:, 2]
            series.append(Series(shown.name, Kind.MEASURED, spots, *given, marker=shown.marker))
        categories = tuple(_name(law) for law in laws(source))
        found.append(Panel(name, "", "loss / start", series, categories=categories))
    return found


def longer(source: Source, name: str, law: str, column: str) -> float:
    """Return by what the root mean square of R-AdaZO's steps, all of them, exceeds that of ZO-AdaMM's."""
    rows = source.results.where(function=name, law=law, rule="same")
    return math.sqrt(_squares(rows, "r-adazo", column) / _squares(rows, "zo-adamm", column))


def _squares(rows: Results, method: str, column: str) -> float:
    chosen = rows.where(method=method)
    marks = np.unique(chosen["queries"])
    later = chosen.where(queries=marks[1:].tolist())
    weights = np.diff(marks)[np.searchsorted(marks[1:], later["queries"])]
    return float((weights * later[column].astype(float) ** 2).sum())


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    if "same" not in config.rules:
        return []
    limit = math.sqrt((1 + config.beta1) / (1 - config.beta1))
    said = [
        f"Medians of {config.trials} trials with 95% intervals, d = {config.dim}, {config.queries} forward "
        f"differences a step, {config.budget} function values, learning rate {number(config.lr)} for all; "
        f"matched: that times {number(limit)}. Points whose intervals reach above the loss at the start, "
        "and those that diverge, are left out."
    ]
    if {"r-adazo", "zo-adamm"} <= set(config.methods):
        told = []
        for law in laws(source):
            pairs = [
                [longer(source, name, law, column) for name in config.functions]
                for column in ("step_length", "predicted_step_length")
            ]
            one, two = (number(float(np.exp(np.mean(np.log(values))))) for values in pairs)
            told.append(f"{_name(law)} {one} and {two}")
        said.append(
            "Root mean square length of R-AdaZO's steps over that of ZO-AdaMM's, geometric mean over "
            f"functions, measured and predicted with averages of squares at their means: {'; '.join(told)}."
        )
    for name in config.functions:
        told = []
        for method, rule, shown in curves(source):
            middles = {law: float(np.median(ends(source, name, method, rule, law))) for law in laws(source)}
            listed = ", ".join(f"{_name(law)} {_told(value)}" for law, value in middles.items())
            told.append(f"{shown.name}: {listed}")
        said.append(f"At the end, {name}: {'; '.join(told)}.")
    return said


def _name(law: str) -> str:
    return NAMES.get(law, look(law).name)


def _told(loss: float) -> str:
    return number(loss) if math.isfinite(loss) else "diverged"


FIGURE = PaperFigure(
    experiment="adaptive-synthetic",
    preset="evidence-laws-same",
    title="In the published dimension: losses at one learning rate, every method with every law",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.7,
    height=1.1,
    legend=True,
    share_x=False,
)
