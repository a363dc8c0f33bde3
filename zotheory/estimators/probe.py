"""Differences of the objective along perturbations, and the batch means made of them."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Literal, NoReturn, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.draws import Draws
from zotheory.estimators.objective import Oracle
from zotheory.types import FloatArray

Difference: TypeAlias = Literal["forward", "central", "one-point"]
# Turns rows (c, b, dim) into perturbations of the same shape; the slice says which of the trials at
# hand they belong to.
Shaping: TypeAlias = Callable[[FloatArray, slice], FloatArray]

_NOT_FINITE = "not all of them are finite: repair its sample(n, rng)"


class Probe:
    """The objective seen from x at distance mu.

    Args:
        oracle: the checked objective.
        x: the point, shape (dim,).
        mu: the smoothing distance.
        difference: "forward" (f(x + mu v) - f(x)) / mu, "central" (f(x + mu v) - f(x - mu v)) / (2 mu)
            or "one-point" f(x + mu v) / mu.
    """

    def __init__(self, oracle: Oracle, x: FloatArray, mu: float, difference: Difference) -> None:
        self._oracle, self._x, self._mu, self._difference = oracle, x, mu, difference

    @cached_property
    def _base(self) -> float:
        # f(x), evaluated once however many estimates share it.
        return float(self._oracle(self._x[None].copy())[0])

    def coefficients(self, v: FloatArray) -> FloatArray:
        """Return the difference along each perturbation: shape (c, b) for v of shape (c, b, dim).

        Raises:
            InvalidArgument: a bad objective, steps lost in the rounding of x, or an overflow.
        """
        flat = v.reshape(-1, v.shape[-1])
        # The base point goes first: a bad x is reported as such.
        base = self._base if self._difference == "forward" else 0.0
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            points = self._mu * flat
            behind = self._x - points if self._difference == "central" else None
            points += self._x
            ahead = self._values(points, flat)
            if behind is not None:
                change = (ahead - self._values(behind, flat)) / (2 * self._mu)
            else:
                change = (ahead - base) / self._mu
        if not np.all(np.isfinite(change)):
            self._refuse(v, "the difference over mu overflows")
        return change.reshape(v.shape[:2])

    def _values(self, points: FloatArray, v: FloatArray) -> FloatArray:
        if np.array_equal(points[0], self._x) and not np.any(points != self._x) and np.any(v):
            raise InvalidArgument(
                "mu", self._mu, "x + mu v equals x in floating point: raise mu, or move x nearer to zero"
            )
        try:
            return self._oracle(points)
        except InvalidArgument as error:
            if not np.all(np.isfinite(v)):
                raise InvalidArgument("law", "its samples", _NOT_FINITE) from error
            raise

    def batch_means(
        self,
        draws: Draws,
        first: int,
        last: int,
        sizes: Sequence[int],
        shaping: Shaping,
        skipped: int = 0,
    ) -> FloatArray:
        """Return the means of difference times v over the first b perturbations of each trial.

        Args:
            draws: rows that the perturbations are made of.
            first: first trial.
            last: one past the last trial.
            sizes: the values of b, increasing, at most the batch of the draws.
            shaping: makes perturbations of the rows.
            skipped: rows of each trial that are passed over first; 0 where a trial is taken in slices.

        Returns:
            Shape (len(sizes), last - first, dim).
        """
        counts = np.array(sizes, dtype=float)[:, None, None]
        if not draws.sliced:
            rows = draws.take(first, last)[:, skipped : skipped + sizes[-1]]
            return self._sums([shaping(rows, slice(0, last - first))], sizes) / counts
        # Too large a batch for one piece: a trial at a time.
        sums = []
        for trial in range(first, last):
            which = slice(trial - first, trial - first + 1)
            parts = (shaping(rows, which) for rows in draws.slices(trial, sizes[-1]))
            sums.append(self._sums(parts, sizes))
        return np.concatenate(sums, axis=1) / counts

    def _sums(self, parts: Iterable[FloatArray], sizes: Sequence[int]) -> FloatArray:
        # Sums over the first b of consecutive perturbations, of which each part (c, rows, dim) holds some.
        sums, total, done = [], 0.0, 0
        for v in parts:
            change, end = self.coefficients(v), done + v.shape[1]
            cuts = [b for b in sizes if done < b < end]
            for start, stop in pairwise([done, *cuts, end]):
                piece = slice(start - done, stop - done)
                total = total + self._sum(change[:, piece], v[:, piece])
                if stop in sizes:
                    sums.append(total)
            done = end
        return np.stack(sums)

    def _sum(self, change: FloatArray, v: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            # A product of matrices is the quickest sum but over a single perturbation.
            found = change * v[:, 0] if v.shape[1] == 1 else (change[:, None, :] @ v)[:, 0]
        if not np.all(np.isfinite(found)):
            self._refuse(v, "the estimate overflows")
        return found

    def _refuse(self, v: FloatArray, what: str) -> NoReturn:
        if not np.all(np.isfinite(v)):
            raise InvalidArgument("law", "its samples", _NOT_FINITE)
        raise InvalidArgument("mu", self._mu, f"{what}: raise mu or rescale the objective")
