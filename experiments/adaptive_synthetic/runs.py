"""What a cell of adaptive-synthetic runs: a method at a learning rate, and how that is chosen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments._problem_functions import Function, function
from experiments._training import Run, descend, make
from experiments._tuning import Tuned, tune
from experiments.adaptive_synthetic import theory
from experiments.adaptive_synthetic.config import Config
from zotheory.bounds.momentum import step_length_ratio
from zotheory.experiment import Cell, Seed
from zotheory.optim import Block, Perturbation, ZerothOrderOptimizer

ADAPTIVE = ("zo-adamm", "r-adazo", "r-adazo-code")
# Zeta of the published code; blocks of the law "block".
ZETA, BLOCKS = 1e-8, 8


@dataclass(frozen=True)
class Problem:
    """What a cell runs.

    Attributes:
        function: to be minimised.
        method: of `_training.METHODS`.
        law: of the perturbations.
        variance_factor: nu of the law.
    """

    function: Function
    method: str
    law: str | Perturbation
    variance_factor: float

    @staticmethod
    def of(config: Config, cell: Cell) -> "Problem":
        """Return that of a cell."""
        size = -(-config.dim // BLOCKS)
        law = Block(size) if cell["law"] == "block" else cell["law"]
        nu = config.dim + 2.0 if cell["law"] == "gaussian" else float(config.dim)
        return Problem(function(cell["function"], config.dim), cell["method"], law, nu)

    def optimizer(
        self, config: Config, x: torch.nn.Parameter, lr: float, seed: int
    ) -> ZerothOrderOptimizer:
        """Return the method with its options."""
        options: dict[str, Any] = {}
        if self.method in ADAPTIVE:
            options = {"betas": (config.beta1, config.beta2), "zeta": ZETA}
        return make(
            self.method, self.law, [x], lr, mu=config.mu, seed=seed, queries=config.queries, **options
        )


@dataclass(frozen=True)
class Trial:
    """A run with what was seen on the way, at all records, shape (records,).

    Attributes:
        run: losses relative to the start.
        squares: sums of squared lengths of the steps so far, in units of lr.
        predicted: the same by `theory`; NaN for methods that are not adaptive.
    """

    run: Run
    squares: NDArray[np.float64]
    predicted: NDArray[np.float64]


def trial(
    config: Config, problem: Problem, lr: float, start: torch.Tensor, seed: int, *, seen: bool = True
) -> Trial:
    """Run a method from a start.

    Args:
        config: the configuration.
        problem: what to run.
        lr: learning rate.
        start: shape (d,).
        seed: of the optimizer.
        seen: look at gradients and lengths of steps, which costs time and no function values.
    """
    x = torch.nn.Parameter(start.reshape(config.rows, config.columns).clone().to(config.device))
    optimizer = problem.optimizer(config, x, lr, seed)
    value = problem.function.value
    first = float(value(x.detach()))
    before, total = x.detach().clone(), 0.0

    def measure() -> None:
        nonlocal total
        total += float((x.detach() - before).square().mean()) / lr**2
        before.copy_(x.detach())

    def watch() -> Mapping[str, float]:
        return {"squares": total, "size": float(problem.function.gradient(x).norm())}

    run = descend(
        optimizer,
        lambda: value(x),
        budget=config.budget,
        records=config.marks,
        loss=lambda: value(x) / first,
        watch=watch if seen else None,
        after_step=measure if seen else None,
    )
    if not seen:
        return Trial(run, *np.full((2, run.losses.size), math.nan))
    return Trial(run, run.extra["squares"], _predicted(config, problem, run))


def _predicted(config: Config, problem: Problem, run: Run) -> NDArray[np.float64]:
    # Sizes of gradients between records are interpolated; those after divergence are not known.
    known = np.isfinite(run.extra["size"])
    found = np.full(run.losses.size, math.nan)
    if problem.method not in ADAPTIVE or not known.any():
        return found
    done = run.queries[known] // (config.queries + 1)
    squared = theory.squared_lengths(
        np.interp(np.arange(done[-1]), done, run.extra["size"][known]),
        "largest-square" if problem.method == "zo-adamm" else "refined",
        dim=config.dim,
        queries=config.queries,
        variance_factor=problem.variance_factor,
        beta1=config.beta1,
        beta2=config.beta2,
        zeta=ZETA,
        scale=1 / config.dim if problem.method == "r-adazo-code" else 1.0,
    )
    found[known] = np.concatenate([[0.0], np.cumsum(squared)])[done]
    return found


def chosen_rate(config: Config, cell: Cell, seed: Seed) -> Tuned:
    """Return the learning rate by the cell's rule, with what choosing it took.

    Each seed tunes anew, on a grid of its own: so differences between seeds contain what tuning adds.
    """
    if cell["rule"] == "same":
        return Tuned(config.lr, False, 0, ())
    if cell["rule"] == "matched":
        return Tuned(config.lr * float(step_length_ratio(config.beta1, 0)), False, 0, ())
    problem = Problem.of(config, cell)
    starts = [start_of(problem, config, seed, "tuning", j) for j in range(config.tuning_trials)]
    unit = 1.0
    if cell["method"] == "zo-sgd":  # root mean square of its first estimates
        size = float(np.mean([float(problem.function.gradient(x).norm()) for x in starts]))
        unit = math.sqrt(config.dim / (size**2 * (problem.variance_factor / config.queries + 1)))

    def score(lr: float, j: int) -> tuple[float, int]:
        found = trial(config, problem, lr, starts[j], number_of(seed, "tuning", j), seen=False).run
        return found.final, found.spent

    shift = grid_shift(seed.index)
    grid = [unit * config.grid_start * config.grid_ratio ** (j + shift) for j in range(config.grid)]
    return tune(score, grid, range(config.tuning_trials))


def grid_shift(index: int) -> float:
    """Return by how much of a ratio a seed's grid begins later: 0 at seed 0, and evenly spread over seeds.

    Multiples of the golden ratio modulo 1. On one grid for all seeds the best rate would be missed by the
    same factor every time.
    """
    return index * (math.sqrt(5) - 1) / 2 % 1.0


def start_of(problem: Problem, config: Config, seed: Seed, use: str, number: int) -> torch.Tensor:
    """Return the start of a trial, the same in all cells."""
    return problem.function.start(config.dim, seed.shared("start", use, number))


def number_of(seed: Seed, use: str, number: int) -> int:
    """Return the seed of a trial's optimizer, another one in each cell."""
    return int(seed.stream("optimizer", use, number).integers(2**63))
