"""Central differences of the two losses as mu shrinks: the smooth one settles, the jumping one does not."""

from collections.abc import Callable

import numpy as np

from zotheory.types import FloatArray


def rows(
    loss: Callable[[FloatArray], FloatArray], start: FloatArray, v: FloatArray, mus: list[float]
) -> dict[str, list[float]]:
    """Return columns over mu for a start, shape (dim,), and directions, shape (n, dim).

    slope and jump are root mean squares over the directions of (f(x + mu v) - f(x - mu v)) / (2 mu) and of
    its numerator; slope_change is that of the difference of the slopes at mu and mu/2.
    """
    columns: dict[str, list[float]] = {"jump": [], "slope": [], "slope_change": []}
    for mu in mus:
        jump = loss(start + mu * v) - loss(start - mu * v)
        half = loss(start + mu / 2 * v) - loss(start - mu / 2 * v)
        columns["jump"].append(rms(jump))
        columns["slope"].append(rms(jump / (2 * mu)))
        columns["slope_change"].append(rms(jump / (2 * mu) - half / mu))
    return columns


def errors(
    loss: Callable[[FloatArray], FloatArray],
    gradient: FloatArray,
    start: FloatArray,
    v: FloatArray,
    mus: list[float],
) -> list[float]:
    """Return the root mean square over directions of slope minus gradient.v, for each mu."""
    ends = [(loss(start + mu * v) - loss(start - mu * v)) / (2 * mu) for mu in mus]
    return [rms(slope - v @ gradient) for slope in ends]


def rms(values: FloatArray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))
