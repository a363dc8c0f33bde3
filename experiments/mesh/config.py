"""Settings of the mesh experiment."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.validation import check_count

Name = Literal[
    "gaussian",
    "sphere",
    "rademacher",
    "coordinate",
    "orthonormal",
    "importance",
    "guided",
    "aligned-two-stage",
    "aligned-averaged",
    "aligned-exact",
    "two-atom-exact",
]
NAMES: tuple[Name, ...] = Name.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Config:
    """-Laplace u = 1 on the unit square: loss between a moving mesh and a finer regular one.

    Lengths are in units of the mesh's width; every law has delta = 1 and every method the same queries.

    Attributes:
        cells: squares a side of the moving mesh, 2 to 20.
        reference_cells: squares a side of the reference, more than cells, at most 80.
        methods: which estimates. aligned-exact and two-atom-exact are told the exact gradient, importance
            its energies in rings of the mesh at the start; the others see function values alone.
        batch: central differences of an estimate, at least 2; at most the dimension for orthonormal.
        steps: descent steps, at least 1.
        step_sizes: eta, increasing, above 0: the budget for tuning is one set of runs for each of them.
        extensions: as long as the best eta is the smallest or the largest, one more beyond it is tried, by
            a factor of 1.5, at most so many, from 0 to 20. After that a best eta at an edge is marked.
        tuning_runs: runs for each eta and method; the eta of the least mean log loss at the end is taken.
        runs: runs that are then measured, at least 2, with other random numbers.
        estimates: at the start, whose error is compared with the prediction; at least 2.
        mu: smoothing distance, from 1e-8 to 0.1.
        least_area: steps after which a triangle has less than this part of its first area are refused;
            from 0 to 0.5.
        guide_alignment: what guided takes for the alignment of its guide, in (0, 1).
        smallest_mu: of the comparison of losses, from 1e-8 to 0.01.
        jitter: random moves of the jittered start, from 0 to 0.2.
        directions: of the comparison of losses, at least 2.
    """

    cells: int = 10
    reference_cells: int = 20
    methods: tuple[Name, ...] = NAMES
    batch: int = 8
    steps: int = 50
    step_sizes: tuple[float, ...] = (0.1, 0.15, 0.22, 0.33, 0.5)
    extensions: int = 8
    tuning_runs: int = 2
    runs: int = 3
    estimates: int = 400
    mu: float = 1e-3
    least_area: float = 0.05
    guide_alignment: float = 0.6
    smallest_mu: float = 1e-6
    jitter: float = 0.15
    directions: int = 16

    def __post_init__(self) -> None:
        for name in (
            "cells",
            "reference_cells",
            "batch",
            "steps",
            "tuning_runs",
            "runs",
            "estimates",
            "directions",
        ):
            check_count(getattr(self, name), name)
        if not 2 <= self.cells <= 20:
            raise InvalidArgument("cells", self.cells, "give an integer from 2 to 20")
        if not self.cells < self.reference_cells <= 80:
            remedy = f"give an integer above cells = {self.cells}, at most 80"
            raise InvalidArgument("reference_cells", self.reference_cells, remedy)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InvalidArgument("methods", self.methods, "give at least one, each once")
        # 2 for each inner vertex, 1 for each boundary vertex but the corners
        dim = 2 * (self.cells - 1) ** 2 + 4 * (self.cells - 1)
        if not 2 <= self.batch <= dim:
            raise InvalidArgument("batch", self.batch, f"give an integer from 2 to the dimension, {dim}")
        increasing = all(one < two for one, two in zip(self.step_sizes, self.step_sizes[1:], strict=False))
        if not self.step_sizes or not self.step_sizes[0] > 0 or not increasing:
            raise InvalidArgument("step_sizes", self.step_sizes, "give increasing numbers above 0")
        for name, low, high in (
            ("mu", 1e-8, 0.1),
            ("least_area", 0.0, 0.5),
            ("smallest_mu", 1e-8, 0.01),
            ("jitter", 0.0, 0.2),
        ):
            if not low <= getattr(self, name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give a number from {low} to {high}")
        if not 0 < self.guide_alignment < 1:
            raise InvalidArgument("guide_alignment", self.guide_alignment, "give a number in (0, 1)")
        if not 0 <= self.extensions <= 20:
            raise InvalidArgument("extensions", self.extensions, "give an integer from 0 to 20")
        for name in ("runs", "estimates", "directions"):
            if getattr(self, name) < 2:
                raise InvalidArgument(name, getattr(self, name), "give an integer of at least 2")

    @property
    def records(self) -> list[int]:
        """Steps at which losses are recorded, about twenty."""
        return sorted({round(part * self.steps / 20) for part in range(21)})

    @property
    def mus(self) -> list[float]:
        """Smoothing distances of the comparison of losses, increasing to 0.1, two in a factor of ten."""
        count = round(2 * math.log10(0.1 / self.smallest_mu)) + 1
        return [float(mu) for mu in np.geomspace(self.smallest_mu, 0.1, count)]
