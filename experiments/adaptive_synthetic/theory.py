"""Predicted lengths of steps m / sqrt(v + zeta), in units of the learning rate, from gradients alone.

Of g = mean of K slopes times perturbations, E g = a and E|g|^2 = |a|^2 (nu + K - 1) / K; nu = E[(v.a)^2
|v|^2] / |a|^2 is d for laws of fixed length and d + 2 for normal entries. A coordinate has, on average over
all of them, the squared gradient |a|^2 / d and noise of variance N = |a|^2 (nu - 1) / (K d). What is
predicted is E[m^2] / (E[v] + zeta), with both taken on average over coordinates: the mean square of steps
if v is at its mean. The gradient is taken to turn little while m forgets.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["largest-square", "refined"]


def squared_lengths(
    sizes: Array,
    kind: Kind,
    *,
    dim: int,
    queries: int,
    variance_factor: float,
    beta1: float,
    beta2: float,
    zeta: float,
    scale: float = 1.0,
) -> Array:
    """Return the predicted mean square of every step over coordinates, in units of lr^2, shape (steps,).

    Args:
        sizes: |a| at each step, shape (steps,).
        kind: "largest-square": v averages g^2, and its largest mean so far is used, as in ZO-AdaMM.
            "refined": v averages m^2, as in R-AdaZO.
        dim: d.
        queries: K.
        variance_factor: nu.
        beta1: averaging constant of m.
        beta2: averaging constant of v.
        zeta: under the root.
        scale: factor of g, 1 / d where the estimate lacks it.
    """
    signals = np.asarray(sizes, dtype=float) * scale / math.sqrt(dim)
    noises = signals**2 * (variance_factor - 1) / queries
    found = np.empty_like(signals)
    mean = variance = square = largest = 0.0
    for t, (signal, noise) in enumerate(zip(signals.tolist(), noises.tolist(), strict=True)):
        mean = beta1 * mean + (1 - beta1) * signal
        variance = beta1**2 * variance + (1 - beta1) ** 2 * noise
        moved = mean**2 + variance
        square = beta2 * square + (1 - beta2) * (moved if kind == "refined" else signal**2 + noise)
        largest = square if kind == "refined" else max(largest, square)
        found[t] = moved / (largest + zeta)
    return found
