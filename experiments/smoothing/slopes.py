"""Difference quotients along all sign vectors, as two kinds of rounding leave them."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.smoothing.formats import Format
from experiments.smoothing.functions import Separable


def signs(dim: int) -> NDArray[np.float64]:
    """Return all vectors of -1 and 1, shape (2^dim, dim): averages over them are expectations."""
    return np.array(list(product((-1.0, 1.0), repeat=dim)))


@dataclass(frozen=True)
class Slopes:
    """Quotients (f(x + mu v) - f(x)) / mu, or (f(x + mu v) - f(x - mu v)) / (2 mu), for rows v.

    Attributes:
        truncation: what the quotient is off by in exact arithmetic, from grad f(x).v; shape (n,).
        computed: the quotient with rounding, shape (n,).
    """

    truncation: NDArray[np.float64]
    computed: NDArray[np.float64]


def from_rounded_values(
    function: Separable,
    format: Format,
    v: NDArray[np.float64],
    mu: float,
    central: bool,
    rng: np.random.Generator,
) -> Slopes:
    """Round function values only: points, difference and division are exact.

    The objective is fl(f) + r near x, with r drawn anew for each row, uniform over four spacings, so that
    f(x) lies anywhere between its neighbours, and so do values with twice or four times the spacing.
    fl(f) + (r + change) is rounded once, in float64 by the addition itself.
    """
    base = format.round(function.terms.sum()).astype(np.float64)
    offset = rng.uniform(-2.0, 2.0, len(v)) * format.spacing(base)
    ahead = changes(function, v, mu)
    behind = changes(function, v, -mu) if central else np.zeros(len(v))
    width = 2 * mu if central else mu
    values = [format.round(base + (offset + change)).astype(np.float64) for change in (ahead, behind)]
    return Slopes(_truncation(function, v, mu, central), (values[0] - values[1]) / width)


def from_rounded_arithmetic(
    function: Separable, format: Format, v: NDArray[np.float64], mu: float, central: bool
) -> Slopes:
    """Round every operation: x + mu v, the terms, their sum one after another, difference and quotient."""
    step = format.round(np.array(mu))
    ahead = _value(function, format, v * step)
    behind = _value(function, format, -v * step if central else 0 * v[:1])
    width = 2 * step if central else step
    computed = format.round(format.round(ahead - behind) / width).astype(np.float64)
    return Slopes(_truncation(function, v, mu, central), computed)


def changes(function: Separable, v: NDArray[np.float64], mu: float) -> NDArray[np.float64]:
    """Return f(x + mu v) - f(x) without cancellation."""
    return mu * (v @ function.gradient) + function.remainder(mu * v)


def _truncation(
    function: Separable, v: NDArray[np.float64], mu: float, central: bool
) -> NDArray[np.float64]:
    ahead = function.remainder(mu * v)
    return (ahead - function.remainder(-mu * v)) / (2 * mu) if central else ahead / mu


def _value(function: Separable, format: Format, steps: NDArray[Any]) -> NDArray[Any]:
    points = format.round(format.round(function.point) + format.round(steps))
    terms = function.rounded_terms(format, points)
    total = terms[:, 0]
    for column in terms.T[1:]:
        total = format.round(total + column)
    return total
