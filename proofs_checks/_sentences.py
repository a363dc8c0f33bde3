"""Right and wrong, sentence by sentence: differences of accuracies with intervals over runs and sentences."""

import numpy as np

from zotheory.experiment import Results
from zotheory.types import FloatArray

RESAMPLES = 4000


def right(rows: Results, column: str, *, balanced: bool = False) -> FloatArray:
    """Return whether each sentence is classified rightly, shape (seeds, sentences).

    Args:
        rows: of one method.
        column: difference of the two logits.
        balanced: with the threshold at its median over a run's sentences instead of 0.
    """
    found = []
    for seed in np.unique(rows["seed"]):
        mine = rows.where(seed=int(seed))
        order = np.argsort(mine["sentence"])
        threshold = np.median(mine[column]) if balanced else 0
        found.append(((mine[column] > threshold) == (mine["label"] == 1))[order])
    return np.array(found, dtype=float)


def by_normal(table: FloatArray, confidence: float) -> tuple[float, float, float]:
    """Return the mean of a table (runs, sentences) and its interval, both drawn at random: normal quantiles.

    The variance of a mean over independent rows and columns is at most the sum of those of either alone.
    """
    from scipy.special import ndtri

    reach = float(ndtri((1 + confidence) / 2))
    runs, sentences = table.mean(axis=1), table.mean(axis=0)
    spread = sentences.var(ddof=1) / sentences.size
    spread += runs.var(ddof=1) / runs.size if runs.size > 1 else 0
    half, mean = reach * float(np.sqrt(spread)), float(table.mean())
    return mean, mean - half, mean + half


def covered(table: FloatArray, confidence: float, count: int, rng: np.random.Generator) -> list[bool]:
    """Return whether `by_normal` contains the mean of tables drawn around 0 with the spread of this one.

    Normal chance in runs, in sentences and in each cell, each with the variance that the table shows.
    """
    runs, sentences = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    rest = table - runs - sentences + table.mean()
    found = []
    for _ in range(count):
        drawn = rest.std() * rng.standard_normal(table.shape)
        drawn += runs.std(ddof=1) * rng.standard_normal(runs.shape)
        drawn += sentences.std(ddof=1) * rng.standard_normal(sentences.shape)
        _, low, high = by_normal(drawn, confidence)
        found.append(low <= 0 <= high)
    return found


def by_bootstrap(
    table: FloatArray, confidence: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return the mean of a table (runs, sentences) and its interval: both drawn again, with replacement."""
    count, size = table.shape
    # Sentences with the same column are of one kind: of each kind as many are drawn as with sentences.
    kinds, often = np.unique(table, axis=1, return_counts=True)
    weights = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
    chosen = rng.multinomial(size, often / size, RESAMPLES) / size
    means = ((weights @ kinds) * chosen).sum(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(table.mean()), float(low), float(high)
