"""Methods by name: perturbation laws with delta = 1 for a gradient, and estimators made of them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators import Central, Estimator, Forward, TwoStage
from zotheory.laws import (
    DAP,
    Coordinate,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Law,
    OrthonormalFrame,
    Rademacher,
    Sphere,
    TwoAtom,
)
from zotheory.types import FloatArray

LawName: TypeAlias = Literal[
    "dap-exact",
    "dap-exact-gaussian",
    "sphere",
    "gaussian",
    "rademacher",
    "coordinate",
    "frame",
    "guided",
    "guided-exact",
    "importance",
    "importance-coordinates",
]
MethodName: TypeAlias = LawName | Literal["dap-two-stage", "dap-two-stage-average"]

# What a method is told of the gradient besides function values. Only those told "nothing" can be used as
# they are; the others show what that knowledge is worth.
KNOWN: dict[str, str] = {
    "dap-exact": "direction",
    "dap-exact-gaussian": "direction",
    "guided": "a guide",
    "guided-exact": "direction",
    "importance": "energies of blocks",
    "importance-coordinates": "energies of coordinates",
}


@dataclass(frozen=True)
class Knowledge:
    """What methods are told of the gradient.

    Attributes:
        alignment: cosine of the guide and the gradient, in (0, 1).
        probability: with which "guided-exact" probes along the gradient, in (0, 1); towards 1 its error
            falls to 0, which no law attains.
        block_size: of the blocks of consecutive coordinates that "importance" chooses from.
        mixing: share of the energies that is spread evenly, in (0, 1]: all of them must be positive.
    """

    alignment: float
    probability: float
    block_size: int
    mixing: float

    def __post_init__(self) -> None:
        for name in ("alignment", "probability"):
            if not 0 < getattr(self, name) < 1:
                raise InvalidArgument(name, getattr(self, name), "give a number between 0 and 1, neither")
        if not 0 < self.mixing <= 1:
            raise InvalidArgument("mixing", self.mixing, "give a number above 0 and at most 1")
        if self.block_size < 1:
            raise InvalidArgument("block_size", self.block_size, "give at least 1")


def law(name: LawName, gradient: FloatArray, frame: int, told: Knowledge, rng: np.random.Generator) -> Law:
    """Return a law with delta = 1.

    Args:
        name: which.
        gradient: what some laws are told of, shape (dim,).
        frame: directions of a "frame".
        told: what of the gradient.
        rng: draws the part of the guide that is not along the gradient.
    """
    dim = gradient.size
    if name == "dap-exact":
        return DAP(gradient)
    if name == "dap-exact-gaussian":
        return DAP(gradient, complement="gaussian")
    if name == "frame":
        return OrthonormalFrame(dim, frame)
    if name == "guided":
        return Guided(guide(gradient, told.alignment, rng), told.alignment)
    if name == "guided-exact":
        return TwoAtom(gradient, told.probability)
    if name in ("importance", "importance-coordinates"):
        size = told.block_size if name == "importance" else 1
        shares = (gradient**2).reshape(-1, size).sum(axis=1) / (gradient @ gradient)
        energies = (1 - told.mixing) * shares + told.mixing / shares.size
        return ImportanceBlocks([size] * shares.size, energies / energies.sum())
    classical = {"sphere": Sphere, "gaussian": Gaussian, "rademacher": Rademacher, "coordinate": Coordinate}
    return classical[name](dim)


def guide(gradient: FloatArray, alignment: float, rng: np.random.Generator) -> FloatArray:
    """Return a unit vector at this cosine to the gradient, otherwise uniformly random."""
    along = gradient / np.linalg.norm(gradient)
    rest = rng.standard_normal(gradient.size)
    for _ in range(2):  # the second time for what rounding left
        rest -= (rest @ along) * along
    return alignment * along + np.sqrt(1 - alignment**2) * rest / np.linalg.norm(rest)


def estimator(
    name: MethodName,
    gradient: FloatArray,
    batch: int,
    mu: float,
    difference: Literal["forward", "central"],
    told: Knowledge,
    rng: np.random.Generator,
) -> Estimator:
    """Return the estimator of a method with ``batch`` perturbations; arguments as in `law`.

    "dap-two-stage" aligns half of them with the mean estimate of the other half, on the sphere, and
    keeps the aligned half only; "dap-two-stage-average" keeps both. A "frame" has as many directions as
    there are perturbations; more than dim of them are whole frames of dim.
    """
    dim = gradient.size
    if name == "dap-two-stage" or name == "dap-two-stage-average":
        combination = "second" if name == "dap-two-stage" else "average"
        half = batch // 2
        return TwoStage(Sphere(dim), mu, half, half, combination, difference=difference)
    made = law(name, gradient, min(batch, dim), told, rng)
    return Central(made, mu, batch) if difference == "central" else Forward(made, mu, batch)
