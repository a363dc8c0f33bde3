"""Errors of estimates as measured: in all, on the large coordinates, and along the gradient."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments._targets import Target
from zotheory.estimators import Estimator
from zotheory.types import FloatArray, Matrix

KINDS = ("total", "tau_mse", "directional")

# Sums of order 1 that cancel leave this much, in units of |a|^2; no law's error is as small but 0.
ROUNDING = 1e-13


class Errors(NamedTuple):
    """Errors g - grad f(x) of independent trials.

    Attributes:
        values: shape (batches, trials, dim).
        queries: function values that each batch alone takes, in all its trials; shape (batches,).
    """

    values: FloatArray
    queries: NDArray[np.int64]


class Mean(NamedTuple):
    """A mean over trials with its standard error."""

    value: float
    standard_error: float


def errors(
    estimator: Estimator, target: Target, batches: Sequence[int], trials: int, rng: np.random.Generator
) -> Errors:
    """Return the errors of an estimator with delta = 1 for several batch sizes, from shared draws."""
    chunks = list(
        estimator.stream_batches(target.objective, target.point, rng, batches=batches, trials=trials)
    )
    values = [np.concatenate([chunk[i].gradients for chunk in chunks]) for i in range(len(batches))]
    queries = [sum(chunk[i].ledger.queries for chunk in chunks) for i in range(len(batches))]
    return Errors(np.stack(values) - target.gradient, np.array(queries))


def large_coordinates(gradient: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """Return T, which |a_i| are at least ``threshold`` times the largest: one T for all methods."""
    sizes = np.abs(gradient)
    return sizes >= threshold * sizes.max()


def measured(values: FloatArray, gradient: FloatArray, threshold: float) -> dict[str, Mean]:
    """Return the mean squares of errors, shape (trials, dim), in units of |a|^2.

    "total" is E|e|^2, "tau_mse" E|e_T|^2 on the large coordinates T, "directional" E(e.a)^2/|a|^2.
    """
    squares, size = values**2, gradient @ gradient
    kinds = {
        "total": squares.sum(axis=1),
        "tau_mse": squares[:, large_coordinates(gradient, threshold)].sum(axis=1),
        "directional": (values @ gradient) ** 2 / size,
    }
    return {name: mean_of(losses / size) for name, losses in kinds.items()}


def predicted(covariance: Matrix, gradient: FloatArray, threshold: float) -> dict[str, float]:
    """Return the same of an error covariance, shape (dim, dim); what is rounding of 0 is 0."""
    chosen, size = large_coordinates(gradient, threshold), float(gradient @ gradient)
    diagonal = np.diagonal(covariance)
    exact = {
        "total": float(diagonal.sum()) / size,
        "tau_mse": float(diagonal[chosen].sum()) / size,
        "directional": float(gradient @ covariance @ gradient) / size**2,
    }
    return {name: value if value > ROUNDING else 0.0 for name, value in exact.items()}


def mean_of(values: FloatArray) -> Mean:
    """Return the mean of independent values, at least two, with its standard error."""
    return Mean(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)))
