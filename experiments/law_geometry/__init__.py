"""What perturbations look like around a gradient, and on which coordinates each law puts its error."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments._measurements import errors, mean_of
from experiments._methods import KNOWN, Knowledge, LawName, MethodName, estimator, law
from experiments._predictions import error_covariance
from experiments._targets import Target
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.types import FloatArray
from zotheory.validation import check_count

DIMS = {"plane": 2, "space": 3}
LAWS: tuple[LawName, ...] = (
    "dap-exact",
    "dap-exact-gaussian",
    "sphere",
    "gaussian",
    "rademacher",
    "coordinate",
    "frame",
    "guided",
    "guided-exact",
    "importance-coordinates",
)


@dataclass(frozen=True)
class Config:
    """Perturbations with delta = 1 around unit gradients, and errors of estimates of a linear function.

    Attributes:
        gradients: one entry that is not zero; entries that fall by a constant factor, to a hundredth; or
            equal entries.
        views: samples in two dimensions (plane) and three (space); errors of each coordinate.
        laws: for the samples.
        methods: for the errors.
        dim: dimension of the errors, at least 2.
        batch: perturbations of an estimate, even; at most dim, or a multiple of it.
        samples: perturbations a view, at least 1.
        trials: independent estimates, at least 2.
        alignment: cosine of the guide and the gradient, in (0, 1).
        probability: with which guided-exact probes along the gradient, in (0, 1).
        block_size: of the blocks of importance, which must divide dim.
        mixing: share of the energies of importance that is spread evenly, in (0, 1].
    """

    gradients: tuple[Literal["sparse", "decaying", "dense"], ...] = ("sparse", "decaying", "dense")
    views: tuple[Literal["plane", "space", "coordinates"], ...] = ("plane", "space", "coordinates")
    laws: tuple[LawName, ...] = LAWS
    methods: tuple[MethodName, ...] = (*LAWS, "importance", "dap-two-stage", "dap-two-stage-average")
    dim: int = 16
    batch: int = 8
    samples: int = 100
    trials: int = 10_000
    alignment: float = 0.8
    probability: float = 0.9
    block_size: int = 4
    mixing: float = 0.1

    def __post_init__(self) -> None:
        for name, least in (("dim", 2), ("trials", 2), ("samples", 1), ("batch", 1)):
            if check_count(getattr(self, name), name) < least:
                raise InvalidArgument(name, getattr(self, name), f"give at least {least}")
        if self.batch % 2 or (self.batch > self.dim and self.batch % self.dim):
            remedy = f"give an even number of at most {self.dim}, the dimension, or a multiple of it"
            raise InvalidArgument("batch", self.batch, remedy)
        if self.dim % self.told.block_size and "importance" in self.methods:
            raise InvalidArgument("block_size", self.block_size, f"give a divisor of {self.dim}")
        if "importance" in self.laws:
            raise InvalidArgument("laws", self.laws, "leave out importance: blocks need more dimensions")

    @property
    def told(self) -> Knowledge:
        """What laws are told of the gradient."""
        return Knowledge(self.alignment, self.probability, self.block_size, self.mixing)


def unit_gradient(name: str, dim: int) -> FloatArray:
    """Return a gradient of length 1, the largest entry first."""
    if name == "sparse":
        return np.eye(dim)[0]
    a = np.geomspace(1.0, 0.01, dim) if name == "decaying" else np.ones(dim)
    return a / np.linalg.norm(a)


def cells(config: Config) -> list[Cell]:
    """Return a cell for each view, gradient and law (or method, for errors)."""
    return [
        {"view": view, "gradient": gradient, "law": name}
        for view in config.views
        for gradient in config.gradients
        for name in (config.methods if view == "coordinates" else config.laws)
    ]


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Draw perturbations, or measure the mean square error of each coordinate of an estimate.

    All views have all columns, NaN where a column says nothing of the view.

    Columns:
        index: number of the sample ("plane", "space"), or of the coordinate ("coordinates").
        gradient_entry: of a, at that coordinate; NaN for samples.
        first, second, third: entries of the sample; third is NaN in the plane.
        along, across: v.a, with |a| = 1, and |v - (v.a) a|. A directionally aligned v has along = +-1.
        error: mean of (g_i - a_i)^2 over the trials, with its standard_error.
        predicted_error: the diagonal of the error covariance, in closed form.
        dimension, batch: of the view; perturbations of an estimate (1 for samples).
        known: what the law is told of the gradient besides function values.
    """
    name, view = cell["law"], cell["view"]
    known = KNOWN.get(name, "nothing")
    if view != "coordinates":
        dim = DIMS[view]
        a = unit_gradient(cell["gradient"], dim)
        v = law(name, a, dim, config.told, seed.shared("guide", dim)).sample(
            config.samples, seed.stream("samples")
        )
        along = v @ a
        return Table(
            {
                "index": np.arange(config.samples),
                "gradient_entry": math.nan,
                "first": v[:, 0],
                "second": v[:, 1],
                "third": v[:, 2] if dim == 3 else math.nan,
                "along": along,
                "across": np.linalg.norm(v - along[:, None] * a, axis=1),
                **dict.fromkeys(("error", "standard_error", "predicted_error"), math.nan),
                "dimension": dim,
                "batch": 1,
                "known": known,
            }
        )
    a = unit_gradient(cell["gradient"], config.dim)
    linear = Target(lambda points: points @ a, np.zeros(config.dim), a)
    guide = seed.shared("guide", config.dim)
    made = estimator(name, a, config.batch, 1.0, "forward", config.told, guide)
    found = errors(made, linear, [config.batch], config.trials, seed.stream("draws"))
    means = [mean_of(found.values[0, :, i] ** 2) for i in range(config.dim)]
    return Table(
        {
            "index": np.arange(config.dim),
            "gradient_entry": a,
            **dict.fromkeys(("first", "second", "third", "along", "across"), math.nan),
            "error": [mean.value for mean in means],
            "standard_error": [mean.standard_error for mean in means],
            "predicted_error": np.diagonal(error_covariance(made, a)),
            "dimension": config.dim,
            "batch": config.batch,
            "known": known,
        },
        queries=int(found.queries.sum()),
    )


EXPERIMENT = Experiment(
    title="perturbations around a gradient, and the error of each coordinate against theory",
    presets={
        "quick": Preset(Config(), seeds=4),
        "paper": Preset(Config(trials=100_000, samples=400), seeds=5),
    },
    cells=cells,
    run=run,
    source="arXiv 2510.19975, Figures 1 and 2, as summarised",
)
