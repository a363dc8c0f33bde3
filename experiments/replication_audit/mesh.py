"""The mesh: as the published code runs it, and with its switches corrected."""

import math
from dataclasses import dataclass

import numpy as np

from experiments._mesh_descent import Estimates, Slopes, descend
from experiments._mesh_loss import Interpolated
from experiments._mesh_retriangulated import Retriangulated
from experiments.replication_audit.comparison import Comparison
from experiments.replication_audit.laws import by_rows, realigned, scaled
from experiments.replication_audit.settings import Setting
from zotheory.types import FloatArray

BASELINES = ("uniform", "gaussian", "rademacher", "coordinate")
JITTER, LEAST_AREA = 0.1, 0.05


@dataclass(frozen=True, eq=False)
class Jumping(Interpolated):
    """The re-triangulated loss, for descent: with the shape of the smooth one.

    Attributes:
        jumping: the loss.
    """

    jumping: Retriangulated | None = None

    @classmethod
    def of(cls, smooth: Interpolated, reference_cells: int) -> "Jumping":
        """Return the re-triangulated loss of the mesh of a smooth one."""
        return cls(**vars(smooth), jumping=Retriangulated.between(smooth, reference_cells))

    def __call__(self, moves: FloatArray) -> FloatArray:
        """Return the losses, shape (n,); infinity where a triangle is inverted."""
        return super().__call__(moves) if self.jumping is None else self.jumping(moves)


@dataclass(frozen=True, eq=False)
class Mesh:
    """The problem and how it is descended; the parameter is the matrix of the vertices, two columns.

    What is drawn for coordinates that do not move is left out, which keeps E[v v^T] = delta I.

    Attributes:
        loss: the smooth one, or where "re-triangulated" is added a `Jumping` one.
        batch: draws of an estimate; central differences.
        steps: T.
        step: eta, the same for all laws.
        mu: smoothing distance.
    """

    loss: Interpolated
    batch: int
    steps: int
    step: float
    mu: float

    @property
    def rows(self) -> int:
        """Number of vertices."""
        return len(self.loss.shape.start)

    def comparison(self, setting: Setting, runs: int, rng: np.random.Generator) -> Comparison:
        """Return the losses at the end over those at the start, with one run or several.

        One run starts at the regular mesh, several at jittered ones.
        """
        start = np.zeros((1, self.loss.dim))
        if not setting.keeps("one-point"):
            start = np.stack([self.loss.shape.jittered(JITTER, rng) for _ in range(runs)])
        twice = 2 if setting.keeps("more-queries") else 1
        batches = {"aligned": twice * self.batch, **dict.fromkeys(BASELINES, self.batch)}
        measured = {}
        for name, batch in batches.items():
            if name == "aligned" and not setting.keeps("aligned-never"):
                estimates = self._two_stages(setting, batch, rng)
            else:
                estimates = self._plain("uniform" if name == "aligned" else name, setting, batch, rng)
            steps = np.full(len(start), self.step)
            course = descend(self.loss, estimates, start, steps, [0, self.steps], self.mu, LEAST_AREA)
            measured[name] = course.losses[1] / course.losses[0]
        queries = {name: 2 * batch for name, batch in batches.items()}
        return Comparison(measured, queries, self.steps * len(start) * sum(queries.values()))

    def _uniform(self, count: int, rng: np.random.Generator) -> FloatArray:
        return by_rows(count, self.rows, 2, rng)[:, self.loss.shape.free]

    def _plain(self, name: str, setting: Setting, batch: int, rng: np.random.Generator) -> Estimates:
        if name in ("rademacher", "coordinate") and setting.keeps("dead-branches"):
            name = "uniform"
        delta = 1.0 if setting.keeps("rows-delta") else float(self.rows)

        def estimates(slopes: Slopes, points: FloatArray, memory: FloatArray) -> FloatArray:
            count = len(points) * batch
            dim = self.loss.dim
            v = self._uniform(count, rng) if name == "uniform" else scaled(count, name, dim, delta, rng)
            return _mean(slopes, v.reshape(len(points), batch, -1))

        return estimates

    def _two_stages(self, setting: Setting, batch: int, rng: np.random.Generator) -> Estimates:
        first = batch // 2
        # Of the mean over all draws.
        weight = 0.0 if setting.keeps("second-stage") else first / batch

        def estimates(slopes: Slopes, points: FloatArray, memory: FloatArray) -> FloatArray:
            n = len(points)
            rough = _mean(slopes, self._uniform(n * first, rng).reshape(n, first, -1))
            v = self._uniform(n * (batch - first), rng).reshape(n, batch - first, -1)
            refined = _mean(slopes, realigned(v, rough, math.sqrt(self.rows), rng))
            return weight * rough + (1 - weight) * refined

        return estimates


def _mean(slopes: Slopes, v: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.einsum("nb,nbd->nd", slopes(v), v) / v.shape[1]
