"""Accuracies and cross-entropies of prompts, untrained and tuned, on the same sentences."""

from collections.abc import Iterator

import numpy as np

from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLACK, BLUE, GREY, ORANGE
from zotheory.types import FloatArray

ZERO_SHOT = "zero-shot/"
GOAL = 0.82
NORMAL = 1.96
METHODS = {"zo-sgd": "ZO-SGD", "zo-adamm": "ZO-AdaMM", "adamw": "AdamW"}
# What is measured of each sentence, from the labels' signs and margins.
WAYS = (("threshold 0", BLUE, 0.13), ("median threshold", ORANGE, -0.13))


def margins(rows: Results, column: str) -> tuple[FloatArray, FloatArray]:
    """Return signs of the classes (sentences,) and margins (seeds, sentences)."""
    seeds = [rows.where(seed=int(seed)) for seed in np.unique(rows["seed"])]
    orders = [np.argsort(one["sentence"]) for one in seeds]
    found = np.array([one[column][order] for one, order in zip(seeds, orders, strict=True)], dtype=float)
    return np.where(seeds[0]["label"][orders[0]] == 1, 1.0, -1.0), found


def classifiers(source: Source) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Yield names, signs and margins: of prompts untrained, then of methods."""
    config, results = source.config, source.results
    yield f"{config.prompt}, untrained", *margins(results.where(method=config.methods[0]), "start_margin")
    for prompt in config.prompts:
        rows = results.where(method=f"{ZERO_SHOT}{prompt}")
        yield f"{prompt}, untrained", *margins(rows, "margin")
    for method in config.methods:
        name = METHODS.get(method.partition("/")[0], method)
        yield f"{config.prompt}, {name}", *margins(results.where(method=method), "margin")


def right(signs: FloatArray, found: FloatArray, balanced: bool) -> FloatArray:
    """Return which sentences are classified rightly, shape (seeds, sentences)."""
    threshold = np.median(found, axis=1, keepdims=True) if balanced else 0.0
    return ((found > threshold) == (signs > 0)).astype(float)


def spread(table: FloatArray) -> tuple[float, float]:
    """Return the mean of a table (seeds, sentences) and half of its 95% interval.

    The variance of a mean over independent rows and columns is at most the sum of those of either alone.
    """
    runs, sentences = table.mean(axis=1), table.mean(axis=0)
    variance = sentences.var(ddof=1) / sentences.size
    if np.ptp(runs) > 0:
        variance += runs.var(ddof=1) / runs.size
    return float(table.mean()), NORMAL * float(np.sqrt(variance))


def series(name: str, tables: list[FloatArray], color: str, shift: float) -> Series:
    """Return means with their intervals, one at each place."""
    mean, half = np.array([spread(table) for table in tables]).T
    places = np.arange(len(tables)) + shift
    return Series(name, Kind.MEASURED, places, mean, color, mean - half, mean + half)


def panels(source: Source) -> list[Panel]:
    """Return accuracies, and cross-entropies."""
    found = list(classifiers(source))
    names, ends = tuple(name for name, _, _ in found), np.array([0.0, len(found) - 1.0])
    accuracies = [
        series(name, [right(signs, one, name != WAYS[0][0]) for _, signs, one in found], color, shift)
        for name, color, shift in WAYS
    ]
    losses = [np.logaddexp(0, -signs * one) for _, signs, one in found]
    goal = Series("0.82", Kind.REFERENCE, ends, [GOAL, GOAL], GREY, dashes=":")
    return [
        Panel("accuracy", "", "of test sentences", [goal, *accuracies], categories=names),
        Panel("cross-entropy", "", "nats", [series("cross-entropy", losses, BLACK, 0.0)], categories=names),
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    told, size = [], 0
    for name, signs, found in classifiers(source):
        size = signs.size
        plain, balanced = (spread(right(signs, found, way)) for way in (False, True))
        loss = spread(np.logaddexp(0, -signs * found))[0]
        told.append(f"{name} {plain[0]:.3f} ± {plain[1]:.3f} ({balanced[0]:.3f}), cross-entropy {loss:.3f}")
    rows = source.results.where(method=config.methods[0])
    return [
        f"{config.task} asked by prompts without training, and after {int(rows['passes'].max())} forward "
        f"passes of {config.batch} of {config.train} sentences (AdamW's steps count as three), the record "
        f"of least loss on {config.dev} others; {size} test sentences, half of either class, the same for "
        f"all. Means over {source.seeds} seeds; 95% intervals contain chance in seeds and in sentences "
        "(the sum of both variances); the median threshold takes a bias towards one word away. "
        f"Accuracies, at the median threshold in brackets: {'; '.join(told)}.",
        "Dotted: 0.82, what an earlier look at `review` gave.",
    ]


FIGURE = PaperFigure(
    experiment="best-prompt",
    title="Tuned by forward passes against prompts without training",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.6,
    height=0.5,
    share_x=False,
    share_y=True,
    preset="evidence-large",
    legend=True,
)
