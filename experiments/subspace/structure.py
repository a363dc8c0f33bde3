"""Energies and curvatures of a network's blocks, by automatic differentiation: not charged as queries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from experiments._problem_network import NetworkProblem
from zotheory.optim import ModuleBlock
from zotheory.types import FloatArray


@dataclass(frozen=True, eq=False)
class Structure:
    """The gradient a and the Hessian H of the loss over all images, by blocks.

    Attributes:
        length: |a|.
        energies: |a_b|^2 / |a|^2.
        traces: tr H_bb, estimated with random signs.
        bends: a_b^T H_bb a_b / |a|^2.
        bend: a^T H a / |a|^2, blocks' products with each other included.
        intrinsic_rank: tr H / |H|_2.
    """

    length: float
    energies: FloatArray
    traces: FloatArray
    bends: FloatArray
    bend: float
    intrinsic_rank: float


def energies(gradient: Sequence[torch.Tensor], members: Sequence[Sequence[int]]) -> FloatArray:
    """Return the shares of |a|^2, for blocks as lists of places in the gradient."""
    squares = [float((row.double() ** 2).sum()) for row in gradient]
    shares = np.array([math.fsum(squares[place] for place in block) for block in members])
    return shares / shares.sum()


def members(problem: NetworkProblem, blocks: Sequence[ModuleBlock]) -> list[list[int]]:
    """Return for each block the places of its parameters in the model's list."""
    names = [name for name, _ in problem.model.named_parameters()]
    return [[names.index(name) for name in block.parameters] for block in blocks]


def structure(
    problem: NetworkProblem,
    blocks: Sequence[Sequence[int]],
    probes: int,
    iterations: int,
    rng: np.random.Generator,
) -> Structure:
    """Return what is known of the blocks at the present weights.

    Args:
        problem: the network.
        blocks: places of their parameters.
        probes: random signs for each trace.
        iterations: of the power method for |H|_2.
        rng: of both.
    """
    a = problem.gradient()
    size = math.fsum(float((row.double() ** 2).sum()) for row in a)
    traces, bends = [], []
    for block in blocks:
        found = []
        for _ in range(probes):
            u = [torch.tensor(rng.choice([-1.0, 1.0], tuple(row.shape)), dtype=row.dtype) for row in a]
            found.append(_form(problem, _only(u, block)))
        traces.append(float(np.mean(found)))
        bends.append(_form(problem, _only(a, block)) / size)
    vector = [torch.tensor(rng.standard_normal(tuple(row.shape)), dtype=row.dtype) for row in a]
    largest = math.nan
    for _ in range(iterations):
        vector = problem.curvature_along(vector)
        largest = math.sqrt(math.fsum(float((row.double() ** 2).sum()) for row in vector))
        vector = [row / largest for row in vector]
    return Structure(
        length=math.sqrt(size),
        energies=energies(a, blocks),
        traces=np.array(traces),
        bends=np.array(bends),
        bend=_form(problem, a) / size,
        intrinsic_rank=sum(traces) / largest,
    )


def _only(rows: Sequence[torch.Tensor], block: Sequence[int]) -> list[torch.Tensor]:
    return [row if place in block else torch.zeros_like(row) for place, row in enumerate(rows)]


def _form(problem: NetworkProblem, vector: Sequence[torch.Tensor]) -> float:
    bent = problem.curvature_along(vector)
    return math.fsum(float((u * h).sum()) for u, h in zip(vector, bent, strict=True))
