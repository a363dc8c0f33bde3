"""A matrix parameter, as a stand-in for a prompt of a language model: descent on |x - x*|^2 / 2.

The trainer's quirks concern the shape of the parameter and the step sizes alone, so they show on the
simplest loss; nothing is said here about language models themselves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.replication_audit import theory
from experiments.replication_audit.comparison import Comparison
from experiments.replication_audit.laws import by_rows, realigned, scaled
from experiments.replication_audit.settings import Setting
from zotheory.types import FloatArray

BASELINES = ("uniform", "gaussian", "rademacher", "coordinate")


@dataclass(frozen=True)
class Matrix:
    """The problem and how it is descended.

    Attributes:
        rows: of the parameter.
        columns: of the parameter.
        steps: T.
        step: eta, the same for all laws; forward differences.
        probes: of the rough estimate where "one-probe" is corrected.
        mu: smoothing distance.
    """

    rows: int
    columns: int
    steps: int
    step: float
    probes: int
    mu: float

    @property
    def dim(self) -> int:
        """Number of parameters."""
        return self.rows * self.columns

    def comparison(self, setting: Setting, runs: int, rng: np.random.Generator) -> Comparison:
        """Return |x_T|^2 / |x_0|^2 of every law, a run from each of ``runs`` uniformly random x_0."""
        x0 = rng.standard_normal((runs, self.dim))
        x0 /= np.linalg.norm(x0, axis=1, keepdims=True)
        first = 1 if setting.keeps("one-probe") else self.probes
        # DAP: f(x), the probes, and one aligned draw; the others f(x) and one draw, or as many values.
        batch = 1 if setting.keeps("more-queries") else first + 1
        queries = {"aligned": first + 2, **dict.fromkeys(BASELINES, batch + 1)}
        measured = {"aligned": self._descended(x0, partial(self._aligned, setting, first, rng))}
        for name in BASELINES:
            estimate = partial(self._plain, setting, name, batch, rng)
            measured[name] = self._descended(x0, estimate)
        predicted = {name: self._predicted(setting, name, batch) for name in BASELINES}
        length = 1.0 if setting.keeps("aligned-length") else math.sqrt(self.rows)
        moments = theory.staged_moments(
            self.rows, self.dim, first, length, averaged=not setting.keeps("second-stage")
        )
        predicted["aligned"] = theory.loss_after(moments, self.step, self.steps)
        return Comparison(measured, queries, self.steps * runs * sum(queries.values()), predicted)

    def law_of(self, setting: Setting, name: str) -> tuple[str, float]:
        """Return the law that runs under a name, and its delta."""
        if name in ("rademacher", "coordinate") and setting.keeps("dead-branches"):
            name = "uniform"
        return name, self.rows if name == "uniform" or not setting.keeps("rows-delta") else 1.0

    def _predicted(self, setting: Setting, name: str, batch: int) -> float:
        law, delta = self.law_of(setting, name)
        # E|v|^4 / d: fixed lengths, and d + 2 for the Gaussian law.
        fourth = delta**2 * (self.dim + 2 if law == "gaussian" else self.dim)
        return theory.loss_after(theory.batch_moments(delta, fourth, batch), self.step, self.steps)

    def _drawn(self, count: int, law: str, delta: float, rng: np.random.Generator) -> FloatArray:
        if law == "uniform":
            return by_rows(count, self.rows, self.columns, rng)
        return scaled(count, law, self.dim, delta, rng)

    def _plain(
        self, setting: Setting, name: str, batch: int, rng: np.random.Generator, x: FloatArray
    ) -> FloatArray:
        v = self._drawn(len(x) * batch, *self.law_of(setting, name), rng)
        return self._mean(x, v.reshape(len(x), batch, -1))

    def _aligned(self, setting: Setting, first: int, rng: np.random.Generator, x: FloatArray) -> FloatArray:
        shape = (len(x), first, self.dim)
        rough = self._mean(x, by_rows(len(x) * first, self.rows, self.columns, rng).reshape(shape))
        length = 1.0 if setting.keeps("aligned-length") else math.sqrt(self.rows)
        v = by_rows(len(x), self.rows, self.columns, rng)[:, None]
        refined = self._mean(x, realigned(v, rough, length, rng))
        return refined if setting.keeps("second-stage") else (first * rough + refined) / (first + 1)

    def _mean(self, x: FloatArray, v: FloatArray) -> FloatArray:
        ahead = np.sum((x[:, None] + self.mu * v) ** 2, axis=2) / 2
        change = (ahead - np.sum(x**2, axis=1)[:, None] / 2) / self.mu
        return np.einsum("nb,nbd->nd", change, v) / v.shape[1]

    def _descended(self, x0: FloatArray, estimate: Callable[[FloatArray], FloatArray]) -> FloatArray:
        x = x0
        for _ in range(self.steps):
            x = x - self.step * estimate(x)
        return np.sum(x**2, axis=1)
