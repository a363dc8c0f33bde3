"""Zeroth-order SGD on a data set and on its neighbours, with the same indices and perturbations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.laws import Law
from zotheory.types import FloatArray

# l(X, Z) -> (n,) for points X of shape (n, dim) and samples Z of shape (n, ...), one pair a row.
SampleLoss: TypeAlias = Callable[[FloatArray, FloatArray], Any]


class CheckedLoss:
    """A loss whose values are checked at every call."""

    def __init__(self, loss: SampleLoss) -> None:
        self._loss = loss

    def __call__(self, points: FloatArray, samples: FloatArray) -> FloatArray:
        """Return the losses of n pairs, shape (n,).

        Raises:
            InvalidArgument: the loss raised, or returned another shape or a number that is not finite.
        """
        contract = f"return shape ({len(points)},) for points {points.shape} and samples {samples.shape}"
        try:
            values = np.asarray(self._loss(points, samples))
        except (ZotheoryError, MemoryError):
            raise
        except Exception as error:
            what = f"it raised {type(error).__name__}: {error}; {contract}"
            raise InvalidArgument("loss", self._loss, what) from error
        if values.shape != (len(points),) or values.dtype.kind not in "fiub":
            what = f"it returned shape {values.shape} of type {values.dtype}; {contract}"
            raise InvalidArgument("loss", self._loss, what)
        if not np.all(np.isfinite(values)):
            raise InvalidArgument(
                "loss", self._loss, "it returned a value that is not finite: lower the step"
            )
        return values.astype(float)


@dataclass(frozen=True)
class CoupledRuns:
    """Coupled runs: run 0 on S, run 1 + k on S with sample places[k] replaced."""

    loss: CheckedLoss
    rows: FloatArray
    places: FloatArray
    others: FloatArray
    law: Law
    eta: float
    mu: float
    central: bool
    project: Callable[[FloatArray], FloatArray] | None

    def ends(
        self, start: FloatArray, steps: int, trials: int, permuted: bool, rng: np.random.Generator
    ) -> FloatArray:
        """Return the ends of the runs, shape (trials, 1 + k, dim)."""
        runs, count = 1 + len(self.others), len(self.rows)
        points = np.tile(start, (trials, runs, 1))
        orders = np.zeros((trials, count), dtype=np.int64)
        for t in range(steps):
            if permuted and t % count == 0:
                orders = rng.permuted(np.tile(np.arange(count), (trials, 1)), axis=1)
            index = orders[:, t % count] if permuted else rng.integers(count, size=trials)
            v = np.repeat(self.law.sample_independent(trials, rng)[:, None], runs, axis=1)
            slopes = self._slopes(points, v, self._samples(index))
            points = points - self.eta * slopes[..., None] * v
            if self.project is not None:
                points = self._projected(points)
        return points

    def _samples(self, index: NDArray[np.int64]) -> FloatArray:
        # The sample that each run sees, shape (trials, 1 + k, ...).
        samples = np.repeat(self.rows[index][:, None], 1 + len(self.others), axis=1)
        trial, which = np.nonzero(index[:, None] == self.places[None, :])
        samples[trial, 1 + which] = self.others[which]
        return samples

    def _slopes(self, points: FloatArray, v: FloatArray, samples: FloatArray) -> FloatArray:
        shape, flat = points.shape[:2], samples.reshape(-1, *samples.shape[2:])
        ahead = self.loss((points + self.mu * v).reshape(-1, points.shape[2]), flat)
        back = points - self.mu * v if self.central else points
        behind = self.loss(back.reshape(-1, points.shape[2]), flat)
        return ((ahead - behind) / (self.mu * (2 if self.central else 1))).reshape(shape)

    def _projected(self, points: FloatArray) -> FloatArray:
        flat = points.reshape(-1, points.shape[2])
        found = np.asarray(self.project(flat) if self.project else flat, dtype=float)
        if found.shape != flat.shape:
            raise InvalidArgument("project", self.project, f"return points of shape {flat.shape}")
        return found.reshape(points.shape)

    def differences(self, ends: FloatArray, probes: FloatArray) -> FloatArray:
        """Return l(x_T; z) - l(x'_T; z), shape (trials, k, m)."""
        trials, runs, dim = ends.shape
        points = np.repeat(ends[:, :, None], len(probes), axis=2).reshape(-1, dim)
        tail = probes.shape[1:]
        samples = np.broadcast_to(probes, (trials, runs, *probes.shape)).reshape(-1, *tail)
        values = self.loss(points, samples).reshape(trials, runs, len(probes))
        return values[:, :1] - values[:, 1:]
