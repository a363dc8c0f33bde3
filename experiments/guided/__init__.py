"""Alignment from the past, from half of the batch, and none: descent at equally many function values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from experiments._measured_error import estimate_moments
from experiments._training import Run, descend
from experiments._tuning import Tuned, tune
from experiments.guided import theory
from experiments.guided.methods import METHODS, MOMENTUM, guide, next_probability, optimizer, squared_cosine
from experiments.guided.problems import first_rates, problem
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.optim import GuidedSGD
from zotheory.validation import check_count

# Seeds of the runs that tuning sees; none of them is reported.
TUNING_SEED = 10**6
ALPHA = 0.5  # of Guided ES


@dataclass(frozen=True)
class Config:
    """Descent with the best learning rate of each method, delta = 1, central differences.

    Attributes:
        problems: "log-uniform-50" and the like (spectra flat, log-uniform, spiked), "valley-20",
            "logistic", "network".
        methods: see `methods.METHODS`.
        condition: largest over smallest curvature of the spectra, from 1 to 1e6.
        batch: images a step, from 1 to 1500.
        perturbations: a step, even, from 2 to 64.
        window: probes that guides average, over the number of dimensions; from 0.1 to 100.
        mu: smoothing distance, from 1e-6 to 1e-2.
        budget: function values of a run, at least 4 perturbations' worth, two each.
        records: times at which losses are kept, at least 2.
        measured: at how many of the last of them errors of the estimate are measured, up to ``records``.
        draws: estimates drawn for that, at least 2.
        tuning_seeds: runs at each learning rate tried.
    """

    problems: tuple[str, ...] = ("log-uniform-20", "log-uniform-100", "spiked-100", "valley-20", "logistic")
    methods: tuple[str, ...] = METHODS
    condition: float = 100.0
    batch: int = 128
    perturbations: int = 4
    window: float = 2.0
    mu: float = 1e-3
    budget: int = 1600
    records: int = 21
    measured: int = 2
    draws: int = 24
    tuning_seeds: int = 2

    def __post_init__(self) -> None:
        for name, known in (("problems", None), ("methods", METHODS)):
            chosen = getattr(self, name)
            if not chosen or (known and not set(chosen) <= set(known)):
                remedy = "give at least one" + (f" of {', '.join(known)}" if known else "")
                raise InvalidArgument(name, chosen, remedy)
        for name in self.problems:
            problem(name, 1.0, 1, 0)
        counts = {"perturbations": (2, 64), "records": (2, 1000), "tuning_seeds": (1, 100)}
        counts |= {"draws": (2, 10**6), "batch": (1, 1500), "measured": (1, self.records)}
        counts |= {"budget": (4 * self.perturbations, 10**9)}
        for name, (low, high) in counts.items():
            if not low <= check_count(getattr(self, name), name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give an integer from {low} to {high}")
        if self.perturbations % 2:
            raise InvalidArgument(
                "perturbations", self.perturbations, "give an even number: stages halve it"
            )
        ranges = {"condition": (1, 1e6), "window": (0.1, 100), "mu": (1e-6, 1e-2)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give a number from {low} to {high}")

    @property
    def marks(self) -> list[int]:
        """Numbers of function values at which losses are kept."""
        return sorted({round(mark) for mark in np.linspace(0, self.budget, self.records)})


def cells(config: Config) -> list[Cell]:
    """Return a cell for each problem and method."""
    return [{"problem": name, "method": method} for name in config.problems for method in config.methods]


def one_run(
    config: Config, cell: Cell, lr: float, starts: int, draws: int, marks: list[int], errors_from: int
) -> Run:
    """Return a run; errors of the estimate are measured from a mark on.

    Args:
        config: the configuration.
        cell: problem and method.
        lr: learning rate.
        starts: seed of start and mini-batches.
        draws: seed of the optimizer.
        marks: when to record.
        errors_from: the first mark at which errors are measured.
    """
    chosen = problem(cell["problem"], config.condition, config.batch, starts)
    method = cell["method"]
    used = optimizer(
        method,
        chosen.parameters,
        lr,
        mu=config.mu,
        seed=draws,
        perturbations=config.perturbations,
        window=config.window,
    )

    def watch() -> Mapping[str, float]:
        along, gradient = guide(used, method), chosen.gradient()
        rho2 = squared_cosine(along, gradient) if along else math.nan
        numbers: dict[str, float] = {"alignment": rho2, "probability": 0.0, "estimated_alignment": math.nan}
        if isinstance(used, GuidedSGD):
            numbers["estimated_alignment"] = used.alignment
        moments: dict[str, float] = dict.fromkeys(("energy", "energy_error", "overlap"), math.nan)
        if used.queries >= errors_from:
            found = estimate_moments(used, chosen.loss, gradient, config.draws)
            moments = {"energy": found.energy, "energy_error": found.energy_error, "overlap": found.overlap}
        numbers["probability"] = next_probability(used)
        return {**numbers, **moments}

    return descend(
        used,
        chosen.closure,
        budget=config.budget,
        records=marks,
        loss=chosen.loss,
        begin_step=chosen.begin_step,
        watch=watch if errors_from <= config.budget else None,
    )


@lru_cache(maxsize=256)
def tuned(config: Config, name: str, method: str) -> Tuned:
    """Return the learning rate of the least median final loss, the same for all seeds of a cell."""
    cell = {"problem": name, "method": method}

    def score(lr: float, seed: int) -> tuple[float, int]:
        marks, never = [0, config.budget], config.budget + 1
        run = one_run(config, cell, lr, TUNING_SEED + seed, TUNING_SEED + seed, marks, never)
        return run.final, run.spent

    dim = problem(name, config.condition, config.batch, 0).dim
    grid = first_rates(name, dim, config.perturbations)
    if method in MOMENTUM:  # the sum of past estimates is ten times as long
        grid = tuple(rate / 8 for rate in grid)
    return tune(score, grid, range(config.tuning_seeds))


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure losses, alignments and errors of the estimate along one run.

    Tuning sees runs of its own, the same for all seeds; its result is computed once a process. All methods
    of a problem and seed have one start and one sequence of mini-batches. Errors are those of the estimate
    of the next step, given the past, for the loss over all data; they do not change the run and are not
    charged. For methods with a momentum they are those of what is added to it.

    Columns:
        queries_spent: function values until then.
        loss: of the last state that they reach, over all data; inf once diverged.
        alignment: squared cosine of the exact gradient and the vector that the next step probes along
            (guides; "dap-momentum": the momentum); nan for none.
        estimated_alignment: what `GuidedSGD` takes it for; nan elsewhere.
        probability: with which `GuidedSGD` probes along it in the next step; 0 elsewhere.
        energy, energy_error: E|g|^2 / |a|^2 over draws of the estimate, and its standard error; nan where
            it was not measured.
        overlap: E g.a / |a|^2, likewise; 1 for unbiased estimates.
        predicted_energy, predicted_overlap: what theory says at this alignment and probability.
        best_energy: the same as predicted_energy at the best probability for this alignment; nan where
            there is no guide.
        sphere_energy: of the same number of perturbations on the sphere.
        lr, at_grid_end, tuning_queries: the learning rate, whether a better one may lie beyond the grid,
            function values spent on tuning.
        diverged, last_finite: whether the run was given up, and its last finite loss.
        dim, guide_decay: dimensions, and the decay that the window makes.
    """
    torch.set_num_threads(1)
    name, method = cell["problem"], cell["method"]
    chosen = tuned(config, name, method)
    starts = int(seed.shared("problem", name).integers(2**31))
    draws = int(seed.stream("optimizer").integers(2**31))
    marks = config.marks
    first = marks[max(len(marks) - config.measured, 0)]
    result = one_run(config, cell, chosen.lr, starts, draws, marks, first - 2 * config.perturbations)
    dim, b = problem(name, config.condition, config.batch, 0).dim, config.perturbations
    extra = result.extra
    rows = list(zip(extra["alignment"].tolist(), extra["probability"].tolist(), strict=True))
    if method == "guided-es":
        predicted = [theory.guided_es_moments(dim, b, rho2, ALPHA) for rho2, _ in rows]
    else:
        predicted = [(1 + theory.error(method, dim, b, rho2, p), 1.0) for rho2, p in rows]
    best = [
        1 + (theory.best_factor(dim, rho2) - 1) / b
        if method in ("guided", "guided-momentum") and math.isfinite(rho2)
        else math.nan
        for rho2, _ in rows
    ]
    columns = {
        "queries_spent": result.queries,
        "loss": result.losses,
        **extra,
        "predicted_energy": [energy for energy, _ in predicted],
        "predicted_overlap": [overlap for _, overlap in predicted],
        "best_energy": best,
        "sphere_energy": 1 + (dim - 1) / b,
        "lr": chosen.lr,
        "at_grid_end": chosen.at_edge,
        "tuning_queries": chosen.spent_queries,
        "diverged": result.diverged,
        "last_finite": result.last_finite,
        "dim": dim,
        "guide_decay": max(0.0, 1 - b / (config.window * dim)),
    }
    return Table(columns, queries=result.spent)


EXPERIMENT = Experiment(
    title="Probing along the past, along half of the batch's estimate, or nowhere in particular",
    presets={
        "quick": Preset(
            Config(
                problems=("log-uniform-20", "logistic"),
                methods=("sphere", "dap", "dap-published", "guided"),
                budget=800,
                records=11,
                measured=1,
                draws=16,
                tuning_seeds=1,
            ),
            seeds=2,
        ),
        "evidence": Preset(Config(), seeds=10),
        "paper": Preset(
            Config(
                problems=(
                    "flat-100",
                    "log-uniform-20",
                    "log-uniform-100",
                    "log-uniform-1000",
                    "spiked-100",
                    "valley-20",
                    "logistic",
                    "network",
                ),
                budget=20_000,
                records=41,
                draws=100,
                tuning_seeds=5,
            ),
            seeds=20,
        ),
    },
    cells=cells,
    run=run,
    source="arXiv 2510.19975 (two stages) and 1806.10230 (Guided ES), as summarised; guides derived here",
    packages=("torch", "scikit-learn"),
)
