"""Gradient estimates at many points at once, all from the same number of function values."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments._mesh_descent import Slopes
from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.simulation import perturbations
from zotheory.laws import (
    DAP,
    Alignment,
    Coordinate,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Law,
    OrthonormalFrame,
    Rademacher,
    Sphere,
    TwoAtom,
)
from zotheory.laws.aligned_rows import aligned, unit_rows
from zotheory.types import FloatArray


@dataclass(frozen=True)
class Method(ABC):
    """An unbiased estimate of the gradient (as mu -> 0) from ``batch`` differences, delta = 1.

    Attributes:
        batch: differences an estimate takes.
        knows: what it is told besides function values: "nothing", "energies" (how the gradient at the
            start is spread over blocks) or "gradient" (the exact one, at every point).
    """

    batch: int
    knows: str

    @abstractmethod
    def estimates(
        self, slopes: Slopes, gradients: FloatArray, memory: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Return an estimate for each point, shape (n, dim).

        Args:
            slopes: of the objective along perturbations.
            gradients: the exact ones, shape (n, dim); looked at only if ``knows`` says so.
            memory: mean of earlier estimates, recent ones with more weight, shape (n, dim).
            rng: of the perturbations.
        """

    @abstractmethod
    def relative_error(self, gradient: FloatArray) -> float:
        """Return E|g - a|^2 / |a|^2 as mu -> 0 at a gradient a, without memory."""


@dataclass(frozen=True)
class Blind(Method):
    """The mean over draws of one law."""

    law: Law

    def estimates(
        self, slopes: Slopes, gradients: FloatArray, memory: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Return the estimates."""
        shape = (len(gradients), self.batch, gradients.shape[1])
        return _means(slopes, self.law.sample(shape[0] * shape[1], rng).reshape(shape))

    def relative_error(self, gradient: FloatArray) -> float:
        """Return (nu - 1)/b, or d/b - 1 for a frame."""
        return float(self.law.batch_mse_factor(gradient, self.batch))


@dataclass(frozen=True)
class Along(Method):
    """The mean over draws of a law that turns with the exact gradient."""

    law: DAP | TwoAtom

    def estimates(
        self, slopes: Slopes, gradients: FloatArray, memory: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Return the estimates."""
        return _means(slopes, _turned(self.law, gradients, self.batch, rng))

    def relative_error(self, gradient: FloatArray) -> float:
        """Return (nu - 1)/b at a gradient along the law's direction."""
        return (float(self.law.dimension_factor(Alignment(1))) - 1) / self.batch


@dataclass(frozen=True)
class WithMemory(Method):
    """The mean over draws of a guided law; the guide is the mean of earlier estimates."""

    law: Guided

    def estimates(
        self, slopes: Slopes, gradients: FloatArray, memory: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Return the estimates; without memory the guide is a random direction."""
        return _means(slopes, _turned(self.law, memory, self.batch, rng))

    def relative_error(self, gradient: FloatArray) -> float:
        """Return the error with a random guide.

        s n is nu's integrand: rho^2 / p + (1 - rho^2)(d - 1)/(1 - p) given rho, and E rho^2 = 1/d.
        """
        d, p = gradient.size, float(self.law.p)
        return (1 / d / p + (1 - 1 / d) * (d - 1) / (1 - p) - 1) / self.batch


@dataclass(frozen=True)
class TwoStages(Method):
    """Half of the draws from the sphere, half aligned with the mean estimate of the first half.

    Attributes:
        weight: of the first stage in the estimate; 0 is the published use of the second stage alone.
    """

    weight: float

    def estimates(
        self, slopes: Slopes, gradients: FloatArray, memory: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Return the estimates."""
        n, dim = gradients.shape
        first, second = self._stages
        one = _means(slopes, Sphere(dim).sample(n * first, rng).reshape(n, first, dim))
        directions, _ = unit_rows(one)
        two = _means(slopes, aligned(rng.standard_normal((n, second, dim)), directions, 1.0, "sphere"))
        return self.weight * one + (1 - self.weight) * two

    def relative_error(self, gradient: FloatArray) -> float:
        """Return w^2 (d - 1)/k + (1 - w)^2 (d - 1)/m: given the first stage the second one is unbiased."""
        first, second = self._stages
        share = self.weight**2 / first + (1 - self.weight) ** 2 / second
        return share * (gradient.size - 1)

    @property
    def _stages(self) -> tuple[int, int]:
        return self.batch // 2, self.batch - self.batch // 2


def method(
    name: str, batch: int, sizes: Sequence[int], energies: FloatArray, guide_alignment: float
) -> Method:
    """Return a method by name.

    Args:
        name: one of the names of `Config.methods`.
        batch: differences an estimate takes.
        sizes: of the blocks of coordinates.
        energies: shares of the squared gradient in the blocks, positive, summing to one.
        guide_alignment: what the guided law takes for the alignment of its guide with the gradient.
    """
    dim = sum(sizes)
    blind: dict[str, Callable[[], Law]] = {
        "gaussian": lambda: Gaussian(dim),
        "sphere": lambda: Sphere(dim),
        "rademacher": lambda: Rademacher(dim),
        "coordinate": lambda: Coordinate(dim),
        "orthonormal": lambda: OrthonormalFrame(dim, batch),
    }
    if name in blind:
        return Blind(batch, "nothing", blind[name]())
    if name == "importance":
        return Blind(batch, "energies", ImportanceBlocks(tuple(sizes), energies))
    if name == "guided":
        return WithMemory(batch, "nothing", Guided(FirstAxis(dim), guide_alignment))
    if name in ("aligned-two-stage", "aligned-averaged"):
        return TwoStages(batch, "nothing", 0.0 if name == "aligned-two-stage" else (batch // 2) / batch)
    return Along(
        batch, "gradient", DAP(FirstAxis(dim)) if name == "aligned-exact" else TwoAtom(FirstAxis(dim), 0.5)
    )


def _means(slopes: Slopes, v: FloatArray) -> FloatArray:
    # An infinite value makes the estimate NaN, which the descent refuses.
    with np.errstate(invalid="ignore"):
        return np.einsum("nb,nbd->nd", slopes(v), v) / v.shape[1]


def _turned(law: DAP | TwoAtom, directions: FloatArray, batch: int, rng: np.random.Generator) -> FloatArray:
    n, dim = directions.shape
    rows = np.repeat(directions, batch, axis=0)
    return perturbations(Following(law, 1), rows, rng).reshape(n, batch, dim)


def shares(gradient: FloatArray, sizes: Sequence[int], spread: float) -> FloatArray:
    """Return the shares of |a|^2 in consecutive blocks, mixed with those of an even gradient.

    Args:
        gradient: a, shape (dim,).
        sizes: of the blocks.
        spread: weight of the even gradient, above 0: it keeps every share positive.
    """
    edges = np.cumsum([0, *sizes])
    own = np.add.reduceat(gradient**2, edges[:-1]) / math.fsum(gradient**2)
    mixed = (1 - spread) * own + spread * np.array(sizes) / gradient.size
    return mixed / mixed.sum()
