"""SGD with every law on quadratics, Rosenbrock's function and logistic regression, inside its bounds."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.sgd_synthetic import theory
from experiments.sgd_synthetic.descent import descend
from experiments.sgd_synthetic.methods import LAWS, TOLD, method
from experiments.sgd_synthetic.problems import Problem, problem, quadratic
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

# Features of the data set.
LOGISTIC_DIM = 30


@dataclass(frozen=True)
class Config:
    """Descent from one start with one step size, delta = 1, equally many function values for all laws.

    Attributes:
        problems: "flat", "log-uniform", "spiked" (spectra of quadratics), "rosenbrock", "logistic".
        step_rules: "matched": the same step for all laws; "raised": that too, ``raised_share`` of the
            largest step at which the sphere's expected loss contracts on the quadratic with the curvatures
            at the start, so that variance counts everywhere; "tuned": the best of a grid for each law.
        dim: dimension of quadratics and Rosenbrock's function, even, from 4 to 60.
        condition: largest over smallest curvature of the spectra, from 1 to 1e6.
        box: bounds on Rosenbrock's function hold while |x_i| <= box; from 1.5 to 10.
        ridge: of logistic regression, from 1e-6 to 10.
        batch: perturbations a step, even, at least 2 and at most the dimensions (two function values each).
        blocks: of the block laws; divides the dimensions.
        mu: smoothing distance, from 1e-6 to 1e-2.
        raised_share: from 0.01 to 0.95.
        steps: at least 1.
        trials: runs a cell and seed, at least 2.
        tuning_trials: runs for each step of the grid; their random numbers are used for nothing else.
        grid: number of steps tried: the matched one times 1/8, 1/4, 1/2, 1, 2, ...
        points: number of times at which curves are kept, at least 2.
    """

    problems: tuple[Literal["flat", "log-uniform", "spiked", "rosenbrock", "logistic"], ...] = (
        "flat",
        "log-uniform",
        "spiked",
        "rosenbrock",
        "logistic",
    )
    step_rules: tuple[Literal["matched", "raised", "tuned"], ...] = ("matched", "raised", "tuned")
    dim: int = 30
    condition: float = 20.0
    box: float = 2.0
    ridge: float = 0.01
    batch: int = 8
    blocks: int = 5
    mu: float = 1e-4
    raised_share: float = 0.5
    steps: int = 100
    trials: int = 32
    tuning_trials: int = 4
    grid: int = 12
    points: int = 16

    def __post_init__(self) -> None:
        if not 4 <= self.dim <= 60 or self.dim % 2:
            raise InvalidArgument("dim", self.dim, "give an even number from 4 to 60")
        if not self.problems or not self.step_rules:
            name = "step_rules" if self.problems else "problems"
            raise InvalidArgument(name, (), "give at least one")
        dims = {LOGISTIC_DIM if name == "logistic" else self.dim for name in self.problems}
        if self.batch < 2 or self.batch % 2 or self.batch > min(dims):
            raise InvalidArgument("batch", self.batch, f"give an even number from 2 to {min(dims)}")
        if self.blocks < 1 or any(dim % self.blocks for dim in dims):
            raise InvalidArgument("blocks", self.blocks, f"give a divisor of {sorted(dims)}")
        ranges = {"condition": (1, 1e6), "box": (1.5, 10), "ridge": (1e-6, 10), "mu": (1e-6, 1e-2)}
        ranges["raised_share"] = (0.01, 0.95)
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give a number from {low} to {high}")
        for name, least in {"steps": 1, "trials": 2, "tuning_trials": 1, "grid": 1, "points": 2}.items():
            if check_count(getattr(self, name), name) < least:
                raise InvalidArgument(name, getattr(self, name), f"give at least {least}")

    @property
    def times(self) -> list[int]:
        """The times at which curves are kept, from 1 to the last, geometric."""
        times = np.geomspace(1, self.steps, self.points).round().astype(int)
        return sorted(set(times.tolist()))


def cells(config: Config) -> list[Cell]:
    """Return a cell for each problem, law and step rule."""
    return [
        {"problem": name, "law": law, "step_rule": rule}
        for name in config.problems
        for law in LAWS
        for rule in config.step_rules
    ]


def matched_step(config: Config, chosen: Problem) -> float:
    """Return the step that is best for the Gaussian law's bound: 1/(L V) without smoothing."""
    gaussian = method("gaussian", chosen.start.size, config.batch, 1, chosen.start)
    return float(theory.descent(chosen, gaussian, config.mu).fastest_step)


def raised_step(config: Config, chosen: Problem) -> float:
    """Return ``raised_share`` of the sphere's stable step at the curvatures of the start."""
    sphere = method("sphere", chosen.start.size, config.batch, 1, chosen.start)
    return config.raised_share * theory.stable_step(quadratic(chosen.first_curvatures), sphere)


def grid_step(matched: float, j: int) -> float:
    """Return step j of the grid: an eighth of the matched one, a quarter, a half, ..."""
    return matched * 2.0 ** (j - 3)


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure losses and squared gradients of SGD beside their bounds and, on quadratics, expectations.

    Tuning takes the step of the least mean final loss over runs with random numbers of their own. Bounds
    hold for steps below a limit that the law sets, and are nan beyond; on Rosenbrock's function only if all
    runs are inside the box. The laws "aligned-exact" and "two-atom-exact" are told the gradient. Of the
    two-stage estimates "two-stage-refined" is stage 2 alone, as the published algorithm updates;
    "two-stage-combined" and "guided" have both stages with the weights of the least error.

    A long run multiplies random factors: the expectation of its loss then comes from runs too rare to be
    seen, means of a few runs fall short of it, and their standard errors too. A tuned step may be above
    ``stable_step``, where the expectation grows while nearly all runs converge. Losses below 1e-15
    (logistic) or 1e-35 are round-off.

    Columns:
        time: T, steps taken.
        queries_spent: function values of one run until then, tuning not counted.
        loss, loss_standard_error: mean over the runs of f(x_T) - f*; infinite if a run diverged.
        median_loss: median over the runs.
        slope, slope_standard_error: mean over the runs of (1/T) sum_{t<T} |grad f(x_t)|^2.
        slope_bound, loss_bound: bounds on their expectations; nan for none.
        exact_slope, exact_loss: their expectations on a quadratic; nan elsewhere.
        step, matched_step, step_limit: the step, the matched one, and where bounds end for this law.
        stable_step: below it the expectation of the loss on a quadratic contracts; nan elsewhere.
        variance_factor: V of the bounds: E|g|^2 <= V |a|^2 for a step's estimate g.
        inside, diverged: the share of runs inside the box until the end, and of runs given up.
        told: whether the law is told the gradient.
        at_edge: whether tuning chose the first or last step of the grid.
        tuning_queries: function values spent on tuning; 0 without.
        trials: number of runs.
    """
    chosen = problem(cell["problem"], config.dim, config.condition, config.box, config.ridge)
    dim, times = chosen.start.size, config.times
    # The blocks' energies at the start, by 2 d function values.
    prior, first_queries = np.ones(dim), 0
    if cell["law"] == "importance":
        offsets = config.mu * np.eye(dim)
        ahead, behind = (chosen.values(chosen.start + sign * offsets) for sign in (1, -1))
        prior, first_queries = (ahead - behind) / (2 * config.mu), 2 * dim
    used = method(cell["law"], dim, config.batch, config.blocks, prior)
    one_step = theory.descent(chosen, used, config.mu)
    matched, a_step = matched_step(config, chosen), 2 * config.batch
    step, tuning_queries, at_edge = matched, 0, False
    if cell["step_rule"] == "raised":
        step = raised_step(config, chosen)
    if cell["step_rule"] == "tuned":
        finals = []
        for j in range(config.grid):
            rng = seed.stream("tuning", j)
            tried = descend(
                chosen, used, grid_step(matched, j), config.steps, config.tuning_trials, config.mu, rng
            )
            finals.append(float(tried.losses[-1].mean()))
        best = int(np.argmin(finals))
        step, at_edge = grid_step(matched, best), best in (0, config.grid - 1)
        # What a run is given, also where it diverged and was not needed.
        tuning_queries = config.grid * config.tuning_trials * config.steps * a_step
    rng = seed.stream("evaluation")
    runs = descend(chosen, used, step, config.steps, config.trials, config.mu, rng)
    counts = np.arange(1, config.steps + 1, dtype=float)[:, None]
    means: NDArray[np.float64] = np.cumsum(runs.squares[:-1], axis=0) / counts
    losses, slopes = runs.losses[times], means[np.array(times) - 1]
    slope_bound, loss_bound = theory.bounds(chosen, one_step, step, times)
    exact_slope, exact_loss = theory.exact(chosen, used, step, times)
    columns = {
        "time": times,
        "queries_spent": [first_queries + a_step * t for t in times],
        "loss": losses.mean(axis=1),
        "loss_standard_error": _standard_error(losses),
        "median_loss": np.median(losses, axis=1),
        "slope": slopes.mean(axis=1),
        "slope_standard_error": _standard_error(slopes),
        "slope_bound": slope_bound,
        "loss_bound": loss_bound,
        "exact_slope": exact_slope,
        "exact_loss": exact_loss,
        "step": step,
        "matched_step": matched,
        "step_limit": float(one_step.step_limit),
        "stable_step": theory.stable_step(chosen, used),
        "variance_factor": float(one_step.moments.V),
        "inside": float(runs.inside.mean()),
        "diverged": float(np.mean(~np.isfinite(runs.losses[-1]))),
        "told": cell["law"] in TOLD,
        "at_edge": at_edge,
        "tuning_queries": tuning_queries,
        "trials": config.trials,
    }
    spent = first_queries + tuning_queries + config.trials * config.steps * a_step
    return Table(columns, queries=spent)


def _standard_error(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.isfinite(values).all(axis=1)
    kept: NDArray[np.float64] = np.where(finite.reshape(-1, 1), values, 0.0)
    spread = kept.std(axis=1, ddof=1) / math.sqrt(values.shape[1])
    return np.where(finite, spread, math.inf)


EXPERIMENT = Experiment(
    title="SGD with every law on quadratics, Rosenbrock's function and logistic regression, inside bounds",
    presets={
        "quick": Preset(Config(), seeds=2),
        "paper": Preset(Config(steps=2000, trials=32, tuning_trials=16, points=40), seeds=5),
    },
    cells=cells,
    run=run,
    source="derived here; arXiv 2510.19975 states the orders of convergence",
    packages=("scikit-learn",),
)
