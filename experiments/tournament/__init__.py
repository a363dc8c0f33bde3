"""All methods on all problems at equally many function values, each with its best learning rate."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from experiments._problem_attack import EPOCHS
from experiments._training import Run, descend, queries_to_reach
from experiments._tuning import Tuned, tune
from experiments.tournament.methods import METHODS, first_rates, optimizer
from experiments.tournament.problems import FIRST, LATER, LONGER, PROBLEMS, Sizes, problem
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

# Seeds of the runs that tuning sees; none of them is reported.
TUNING_SEED = 10**6
# Losses relative to the start count from 1e-4 to 10.
LEAST, MOST = 1e-4, 10.0
# Learning rates tried before the grid is extended.
GRID = 3


@dataclass(frozen=True)
class Config:
    """Descent with the best learning rate of each method, delta = 1, forward differences.

    Attributes:
        problems: see `problems.PROBLEMS`: functions and quadratics of ``dim`` coordinates, one function of
            `problems.LARGE_DIM`, "logistic" and "network" (digits), "mnist" (a network, 28 x 28 pixels),
            "attack" (an image of a digit), "mesh".
        methods: see `methods.METHODS`.
        dim: of functions and quadratics, from 8 to 1e5.
        condition: largest over smallest curvature of quadratics, from 1 to 1e6.
        bands: blocks of functions and quadratics, and of the law "block"; from 2 to dim / 2.
        batch: digits a step, from 1 to 1500.
        perturbations: a step, even, from 2 to 1000; it takes one function value more.
        budget: function values of a run, at least those of 4 steps; `problems.LONGER` tells where more.
        records: times at which losses are kept, from 2 to 1000.
        targets: losses to reach, over that at the start, in (0, 1), falling.
        tuning_seeds: runs at each learning rate tried, from 1 to 100.
        epochs: of the attacked network's training, from 1 to 100.
    """

    problems: tuple[str, ...] = FIRST
    methods: tuple[str, ...] = tuple(METHODS)
    dim: int = 100
    condition: float = 100.0
    bands: int = 4
    batch: int = 64
    perturbations: int = 4
    budget: int = 800
    records: int = 41
    targets: tuple[float, ...] = (0.5, 0.2, 0.1)
    tuning_seeds: int = 2
    epochs: int = EPOCHS

    def __post_init__(self) -> None:
        for name, known in (("problems", PROBLEMS), ("methods", tuple(METHODS))):
            chosen = getattr(self, name)
            if not chosen or not set(chosen) <= set(known):
                raise InvalidArgument(name, chosen, f"give at least one of {', '.join(known)}")
        counts = {"dim": (8, 10**5), "bands": (2, self.dim // 2), "batch": (1, 1500)}
        counts |= {"perturbations": (2, 1000), "records": (2, 1000), "tuning_seeds": (1, 100)}
        counts |= {"budget": (4 * (self.perturbations + 1), 10**9), "epochs": (1, 100)}
        for name, (low, high) in counts.items():
            if not low <= check_count(getattr(self, name), name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give an integer from {low} to {high}")
        if self.perturbations % 2:
            remedy = "give an even number: stages halve it"
            raise InvalidArgument("perturbations", self.perturbations, remedy)
        if not 1 <= self.condition <= 1e6:
            raise InvalidArgument("condition", self.condition, "give a number from 1 to 1e6")
        falling = sorted(set(self.targets), reverse=True) == list(self.targets)
        if not self.targets or not falling or not 0 < self.targets[-1] <= self.targets[0] < 1:
            raise InvalidArgument("targets", self.targets, "give falling numbers between 0 and 1")

    def values(self, name: str) -> int:
        """Return the number of function values of a run on a problem."""
        return self.budget * LONGER.get(name, 1)

    def marks(self, name: str) -> list[int]:
        """Return the numbers of function values at which losses are kept."""
        return sorted({round(mark) for mark in np.linspace(0, self.values(name), self.records)})

    @property
    def sizes(self) -> Sizes:
        """What problems are made by."""
        return Sizes(self.dim, self.condition, self.bands, self.batch, self.epochs)


def cells(config: Config) -> list[Cell]:
    """Return a cell for each problem and method."""
    return [{"problem": name, "method": method} for name in config.problems for method in config.methods]


def area(losses: NDArray[np.float64]) -> float:
    """Return the area under the curve: the mean of log10 of losses over the start's, equally spaced.

    Each is cut to [1e-4, 10] before; diverged ones (infinite) count as 10. Lower is better: a run that
    stays where it began has 0, one that is at a tenth from the first step on has nearly -1.
    """
    return float(np.log10(np.clip(np.nan_to_num(losses, nan=math.inf), LEAST, MOST)).mean())


def one_run(config: Config, cell: Cell, lr: float, starts: int, draws: int, marks: list[int]) -> Run:
    """Return a run, with losses relative to the start, above the least loss known.

    Args:
        config: the configuration.
        cell: problem and method.
        lr: learning rate.
        starts: seed of start, mini-batches and image.
        draws: seed of the optimizer.
        marks: when to record.
    """
    method = cell["method"]
    used = problem(cell["problem"], config.sizes, starts, blocks=METHODS[method].blocks)
    with torch.no_grad():
        span = float(used.loss()) - used.best
    return descend(
        optimizer(method, used, lr, draws, config.perturbations, config.bands),
        used.closure,
        budget=config.values(cell["problem"]),
        records=marks,
        loss=lambda: (float(used.loss()) - used.best) / span,
        begin_step=used.begin_step,
        after_step=used.after_step,
    )


@lru_cache(maxsize=1024)
def tuned(config: Config, name: str, method: str) -> Tuned:
    """Return the learning rate of the least median final loss, the same for all seeds of a cell."""
    cell = {"problem": name, "method": method}

    def score(lr: float, seed: int) -> tuple[float, int]:
        number = TUNING_SEED + seed
        run = one_run(config, cell, lr, number, number, [0, config.values(name)])
        return run.final, run.spent

    first = problem(name, config.sizes, TUNING_SEED, blocks=METHODS[method].blocks)
    rates = first_rates(name, method, first, config.perturbations, GRID)
    return tune(score, rates, range(config.tuning_seeds))


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure one run; a row for each time at which its loss was kept.

    Tuning sees runs of its own, the same for all seeds; its result is computed once a process. All methods
    of a problem and seed have one start and one sequence of mini-batches, whatever the configuration.
    Losses are relative: 1 at the start, 0 where none is lower (for the attack, at the margin that steps
    along exact gradients find).

    Columns:
        queries_spent: function values until then.
        loss: of the last state that they reach, over all data; inf once diverged.
        area: see `area`; the same in all rows, as what follows.
        queries_to_A: for each target A, function values at the first record with at most that loss, or inf.
        lr, at_grid_end, rates_tried, tuning_queries: the learning rate, whether a better one may lie beyond
            the grid, how many were tried, and function values spent on tuning.
        diverged, last_finite: whether the run was given up, and its last finite loss.
        dim: number of entries that are moved.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        name, method = cell["problem"], cell["method"]
        chosen = tuned(config, name, method)
        starts = int(seed.shared("problem", name).integers(2**31))
        draws = int(seed.stream("optimizer").integers(2**31))
        result = one_run(config, cell, chosen.lr, starts, draws, config.marks(name))
    finally:
        torch.set_num_threads(threads)
    columns = {
        "queries_spent": result.queries,
        "loss": result.losses.astype(np.float32),
        "area": area(result.losses),
        **{f"queries_to_{target:g}": queries_to_reach(result, target) for target in config.targets},
        "lr": chosen.lr,
        "at_grid_end": chosen.at_edge,
        "rates_tried": len(chosen.table),
        "tuning_queries": chosen.spent_queries,
        "diverged": result.diverged,
        "last_finite": result.last_finite,
        "dim": sum(p.numel() for p in result.state),
    }
    return Table(columns, queries=result.spent)


EXPERIMENT = Experiment(
    title="Tournament: all methods on all problems, each with its best learning rate",
    presets={
        "quick": Preset(
            Config(
                problems=("levy", "log-uniform", "logistic"),
                methods=("sphere", "dap-published", "r-adazo", "guided", "importance"),
                budget=500,
                records=11,
                tuning_seeds=1,
            ),
            seeds=2,
        ),
        "evidence": Preset(
            Config(methods=tuple(name for name in METHODS if name != "guided-es")), seeds=16
        ),
        # Measured after the evidence, at the same starts: figures and claims join the three.
        "guided-es": Preset(Config(methods=("guided-es",)), seeds=16),
        "larger": Preset(Config(problems=LATER), seeds=8),
        "paper": Preset(
            Config(problems=PROBLEMS, dim=10_000, budget=60_000, records=101, tuning_seeds=5), seeds=20
        ),
    },
    cells=cells,
    run=run,
    source="methods of arXiv 1806.10230, 1910.06513, 2501.19099, 2502.01014 and 2510.19975, "
    "as summarised; guided and importance derived here",
    packages=("torch", "scikit-learn", "mlxtend", "scikit-fem"),
)
