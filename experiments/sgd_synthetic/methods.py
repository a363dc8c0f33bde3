"""Gradient estimates from b central differences a step, for many runs at once."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments import _rough_direction as rough
from experiments._rough_direction import Slopes
from zotheory.laws import (
    Coordinate,
    Gaussian,
    ImportanceBlocks,
    Law,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Sphere,
)
from zotheory.laws.aligned_rows import aligned

Array = NDArray[np.float64]

FIXED = ("sphere", "gaussian", "rademacher", "coordinate", "random-block", "importance", "frame")
# The published update is "two-stage-refined": stage 2 alone, stage 1 gives only its direction.
REFINED = "two-stage-refined"
TWO_STAGES = ("two-stage-combined", REFINED, "guided")
# These turn with the exact gradient, which no method of this kind has: they show what a direction is worth.
TOLD = ("aligned-exact", "two-atom-exact")
LAWS = (*FIXED, *TWO_STAGES, *TOLD)
# Share of the gradient's energy that importance blocks take to be evenly spread; p of the two-atom law.
SPREAD, TWO_ATOM = 0.1, 0.5


@dataclass(frozen=True)
class Method:
    """How a step estimates the gradient; delta = 1.

    Attributes:
        name: one of `LAWS`.
        dim: d.
        batch: b, perturbations a step, even.
        law: of the perturbations, None for those that depend on the gradient.
    """

    name: str
    dim: int
    batch: int
    law: Law | None = None

    @property
    def first(self) -> int:
        """Perturbations of stage 1, half of all."""
        return self.batch // 2

    @property
    def guide_probability(self) -> float:
        """Probability of probing along the rough direction, for the root mean square alignment."""
        return rough.guide_probability(self.dim, math.sqrt(rough.probe_moments(self.dim, self.first)[0]))

    @property
    def first_weight(self) -> float:
        """Weight of stage 1: inverse to the mean squared errors of the stages, or 0 for stage 2 alone."""
        if self.name == REFINED:
            return 0.0
        one, two = self.stage_errors()
        return two[0] / (one[0] + two[0])

    def stage_errors(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return (total, along the gradient) of the mean squared errors of both stages, unit |a|^2.

        Stage 1 is the mean of k sphere estimates, stage 2 that of m draws along a direction with the
        alignment of k Gaussian estimates.
        """
        return rough.stage_errors(self.dim, self.first, self.batch - self.first, self._along)

    @property
    def _along(self) -> float | None:
        return self.guide_probability if self.name == "guided" else None

    def estimate(self, slopes: Slopes, gradients: Array, rng: np.random.Generator) -> Array:
        """Return estimates of the gradients, shape (n, dim), from b slopes each.

        Args:
            slopes: difference quotients.
            gradients: the exact ones, shape (n, dim), which only the laws of `TOLD` look at.
            rng: generator.
        """
        count, shape = len(gradients), (len(gradients), self.batch, self.dim)
        if self.law is not None:
            v = self.law.sample(count * self.batch, rng).reshape(shape)
            return rough.mean_estimates(slopes(v), v)
        if self.name in TOLD:
            directions, z = rough.directions(gradients, rng), rng.standard_normal(shape)
            if self.name == "aligned-exact":
                v = aligned(z, directions, 1.0, "sphere")
            else:
                v = rough.guided_rows(z, directions, TWO_ATOM, rng)
            return rough.mean_estimates(slopes(v), v)
        one, two = rough.stages(slopes, rng.standard_normal(shape), self.first, self._along, rng)
        weight = self.first_weight
        return weight * one + (1 - weight) * two


def method(name: str, dim: int, batch: int, blocks: int, gradient: Array) -> Method:
    """Return a method by name; importance blocks have the energies of ``gradient``, that at the start."""
    size = dim // blocks
    if name == "importance":
        energies = (gradient.reshape(blocks, size) ** 2).sum(axis=1)
        mixed = (1 - SPREAD) * energies / energies.sum() + SPREAD / blocks
        return Method(
            name, dim, batch, ImportanceBlocks([size] * blocks, tuple((mixed / mixed.sum()).tolist()))
        )
    laws: dict[str, Callable[[], Law]] = {
        "sphere": lambda: Sphere(dim),
        "gaussian": lambda: Gaussian(dim),
        "rademacher": lambda: Rademacher(dim),
        "coordinate": lambda: Coordinate(dim),
        "random-block": lambda: RandomBlock(dim, size),
        "frame": lambda: OrthonormalFrame(dim, batch=batch),
    }
    return Method(name, dim, batch, laws[name]() if name in laws else None)
