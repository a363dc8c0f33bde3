"""Block coordinate descent against MeZO on networks for digits, beside what block structures predict."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from experiments._measured_error import estimate_moments
from experiments._problem_network import NetworkProblem
from experiments._training import descend
from experiments._tuning import Tuned, tune
from experiments.subspace import theory
from experiments.subspace.methods import METHODS, optimizer
from experiments.subspace.structure import Structure, energies, members, structure
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.optim import MeZOBCD, ZerothOrderOptimizer, module_blocks
from zotheory.rng import stream
from zotheory.types import FloatArray
from zotheory.validation import check_count

# Widths of hidden layers. "even": the first block is twice as large as the two after it; "tapered": it has
# three quarters of all parameters; "mnist": nine tenths, as images have 784 pixels instead of 64.
NETWORKS = {"even": (32, 32, 32), "tapered": (128, 16, 16), "mnist": (32, 32, 32)}
BLOCKS = 4
# Seeds of the runs that tuning sees; none of them is reported.
TUNING_SEED = 10**6
# First learning rates for unbiased estimates of the whole gradient.
RATES = (2e-3, 4e-3, 8e-3)


@dataclass(frozen=True)
class Config:
    """Training with the best learning rate of each method, one central difference a step, delta = 1.

    Attributes:
        networks: "even" (hidden layers of 32, 32, 32) and "tapered" (128, 16, 16), for images of 8 x 8
            pixels, and "mnist" (32, 32, 32), for 28 x 28; four blocks each.
        methods: see `methods.METHODS`.
        batch: images a step, from 1 to 1500.
        mu: smoothing distance, for entries of the perturbed parameters; from 1e-5 to 1e-1.
        steps: of a run, from 8; two function values each.
        records: times at which losses are kept, at least 2.
        measured: at how many of them structures are measured, from the last to the first; from 1.
        draws: estimates drawn for that, a multiple of 4.
        probes: random signs for each trace of the Hessian, at least 1.
        iterations: of the power method for its norm, at least 1.
        tuning_seeds: runs at each learning rate tried.
        wide: width of the three hidden layers of the network that steps are timed on, from 1 to 4096.
        timed_steps: steps timed on it, a multiple of 4.
    """

    networks: tuple[str, ...] = ("even", "tapered")
    methods: tuple[str, ...] = tuple(METHODS)
    batch: int = 64
    mu: float = 1e-3
    steps: int = 800
    records: int = 11
    measured: int = 3
    draws: int = 48
    probes: int = 2
    iterations: int = 12
    tuning_seeds: int = 2
    wide: int = 512
    timed_steps: int = 8

    def __post_init__(self) -> None:
        for name, known in (("networks", NETWORKS), ("methods", METHODS)):
            chosen = getattr(self, name)
            if not chosen or not set(chosen) <= set(known):
                raise InvalidArgument(name, chosen, f"give at least one of {', '.join(known)}")
        ranges = {"batch": (1, 1500), "steps": (8, 10**7), "records": (2, 1000), "draws": (4, 10**6)}
        ranges |= {"probes": (1, 1000), "iterations": (1, 1000), "tuning_seeds": (1, 100)}
        ranges |= {"measured": (1, self.records), "wide": (1, 4096), "timed_steps": (4, 1000)}
        for name, (low, high) in ranges.items():
            if not low <= check_count(getattr(self, name), name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give an integer from {low} to {high}")
        for name in ("draws", "timed_steps"):
            if getattr(self, name) % BLOCKS:
                raise InvalidArgument(name, getattr(self, name), f"give a multiple of {BLOCKS}, the blocks")
        if not 1e-5 <= self.mu <= 0.1:
            raise InvalidArgument("mu", self.mu, "give a number from 1e-5 to 0.1")

    @property
    def marks(self) -> list[int]:
        """Numbers of function values at which losses are kept."""
        return sorted({2 * round(mark) for mark in np.linspace(0, self.steps, self.records)})


def cells(config: Config) -> list[Cell]:
    """Return a cell for each network and method."""
    return [{"network": name, "method": method} for name in config.networks for method in config.methods]


def network_problem(config: Config, network: str, seed: int) -> NetworkProblem:
    """Return a network at its first weights."""
    return NetworkProblem(
        NETWORKS[network], config.batch, seed, "mnist" if network == "mnist" else "digits"
    )


@lru_cache(maxsize=256)
def tuned(config: Config, network: str, method: str) -> Tuned:
    """Return the learning rate of the least median final loss, the same for all seeds of a cell."""
    budget = 2 * config.steps

    def score(lr: float, seed: int) -> tuple[float, int]:
        problem = network_problem(config, network, TUNING_SEED + seed)
        used = optimizer(method, problem, lr, config.mu, TUNING_SEED + seed, "block")
        run = descend(
            used,
            problem.closure,
            budget=budget,
            records=[0, budget],
            loss=problem.loss,
            begin_step=problem.begin_step,
        )
        return run.final, run.spent

    # Without the factor 1/p of a block, four times the learning rate makes the same step.
    factor = BLOCKS if method.startswith("cyclic") else 1
    return tune(score, [factor * rate for rate in RATES], range(config.tuning_seeds))


class Clock:
    """Adds up processor time.

    Attributes:
        elapsed: seconds between `start` and `stop`, so far.
    """

    def __init__(self) -> None:
        self.elapsed = self._began = 0.0

    def start(self) -> None:
        """Begin."""
        self._began = time.process_time()

    def stop(self) -> None:
        """End."""
        self.elapsed += time.process_time() - self._began


def seconds_of_step(config: Config, method: str, width: int, restore: str) -> float:
    """Return processor seconds of a step on a network with three hidden layers of a width."""
    problem = NetworkProblem((width,) * 3, config.batch, 0)
    used = optimizer(method, problem, 1e-6, config.mu, 0, restore)
    for _ in range(BLOCKS):  # blocks are compared with a plain forward at first
        used.step(problem.closure)
    began = time.process_time()
    for _ in range(config.timed_steps):
        used.step(problem.closure)
    return (time.process_time() - began) / config.timed_steps


def drawn(
    used: ZerothOrderOptimizer, problem: NetworkProblem, gradient: list[torch.Tensor], draws: int
) -> tuple[tuple[float, float], FloatArray]:
    """Return nu of the next step's estimate, with its standard error, and the probabilities of blocks."""
    likely = np.ones(BLOCKS)

    def weight() -> float:
        if not isinstance(used, MeZOBCD) or used.block is None:
            return 1.0
        likely[:] = used.probabilities
        return 1 / used.probabilities[used.block] if used.scaling == "block" else 1.0

    moments = estimate_moments(used, problem.loss, gradient, draws, weight)
    return (moments.energy, moments.energy_error), likely


def predicted_factor(method: str, sizes: list[int], shares: FloatArray, likely: FloatArray) -> float:
    """Return nu of a method at these energies and probabilities."""
    made = METHODS[method]
    if made.blocks:
        return theory.factor(sizes, shares, likely, made.inner)
    return theory.factor([sum(sizes)], [1.0], [1.0], made.inner)


def predicted_curvature(method: str, found: Structure, likely: FloatArray) -> float:
    """Return E[g^T H g] / |a|^2 of a method."""
    if METHODS[method].blocks:
        return theory.curvature(found.energies, found.traces, found.bends, likely)
    return theory.curvature([1.0], [found.traces.sum()], [found.bend], [1.0])


def by_block(name: str, values: FloatArray | None) -> dict[str, float]:
    """Return columns of numbers, one a block; nan for None."""
    return {f"{name}_{b}": math.nan if values is None else float(values[b]) for b in range(BLOCKS)}


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure losses, time, and moments of the estimate beside the energies of blocks, along one run.

    Tuning sees runs of its own, the same for all seeds; its result is computed once a process. All methods
    of a network and seed have the same first weights and mini-batches. Structures and moments are those of
    the loss over all images, measured with exact derivatives and never charged.

    Columns:
        queries_spent: function values until then.
        loss: over all images to train on, of the last state that they reach; inf once diverged.
        seconds: processor time of the steps until then, the block restored from a copy.
        step_seconds, wide_step_seconds, wide_layer_seconds: processor time of a step in the run; on the
            wide network with a copy of what is perturbed; and there layer by layer, lower layers kept (for
            methods without blocks the same as before).
        energy_b, trace_b, bend_b, probability_b, for the blocks b = 0, ..., 3: share of |grad|^2, trace of
            the Hessian's block, a_b^T H_bb a_b / |a|^2, and the probability of the next step's draw (1
            without blocks: all are perturbed). Traces and bends where structures were measured, else nan.
        gradient_length, intrinsic_rank: |a|, and tr H / |H|_2, where structures were measured, else nan.
        factor, factor_error: nu = E|g|^2 / |a|^2 of one perturbation, measured with draws of the next
            step's estimate, and its standard error; blocks with the factor 1/p. nan likewise.
        predicted_factor: sum_b (m_b + c) e_b / p_b, c = 2 for normal numbers; d + c without blocks.
        best_factor: (sum_b sqrt(m_b e_b))^2, the least of any probabilities.
        predicted_curvature: E[g^T H g] / |a|^2 from traces, bends and probabilities, for normal
            perturbations whatever the method's (see `theory.curvature`); nan likewise.
        best_curvature: the least of any probabilities of blocks.
        lr, at_grid_end, tuning_queries: the learning rate, whether a better one may lie beyond the grid,
            function values spent on tuning.
        accuracy: share of test images in the right class, at the end.
        diverged, last_finite: whether the run was given up, and its last finite loss.
        dim, size_b: numbers of entries.
    """
    torch.set_num_threads(1)
    network, method = cell["network"], cell["method"]
    chosen, made = tuned(config, network, method), METHODS[method]
    problem_seed = int(seed.shared("problem", network).integers(2**31))
    problem = network_problem(config, network, problem_seed)
    draws = int(seed.stream("optimizer").integers(2**31))
    used = optimizer(method, problem, chosen.lr, config.mu, draws, "block")
    blocks = module_blocks(problem.model)
    places, sizes = members(problem, blocks), [block.size for block in blocks]
    marks = config.marks
    measured = {marks[round(place)] for place in np.linspace(len(marks) - 1, 0, config.measured)}
    clock = Clock()

    def begin_step(step: int) -> None:
        problem.begin_step(step)
        clock.start()

    def watch() -> Mapping[str, float]:
        gradient = problem.gradient()
        shares, likely, moments = energies(gradient, places), np.ones(BLOCKS), (math.nan, math.nan)
        found = None
        if used.queries in measured:
            rng = stream(problem_seed, "subspace", "structure", used.queries)
            found = structure(problem, places, config.probes, config.iterations, rng)
            moments, likely = drawn(used, problem, gradient, config.draws)
        elif isinstance(used, MeZOBCD):
            likely = drawn(used, problem, gradient, 2)[1]
        return {
            "seconds": clock.elapsed,
            **by_block("energy", shares),
            **by_block("probability", likely),
            **by_block("trace", found.traces if found else None),
            **by_block("bend", found.bends if found else None),
            "gradient_length": found.length if found else math.nan,
            "intrinsic_rank": found.intrinsic_rank if found else math.nan,
            "factor": moments[0],
            "factor_error": moments[1],
            "predicted_factor": predicted_factor(method, sizes, shares, likely),
            "best_factor": theory.best_factor(sizes, shares),
            "predicted_curvature": predicted_curvature(method, found, likely) if found else math.nan,
            "best_curvature": theory.best_curvature(found.energies, found.traces, found.bends)
            if found
            else math.nan,
        }

    result = descend(
        used,
        problem.closure,
        budget=marks[-1],
        records=marks,
        loss=problem.loss,
        begin_step=begin_step,
        watch=watch,
        after_step=clock.stop,
    )
    wide = seconds_of_step(config, method, config.wide, "block")
    layers = seconds_of_step(config, method, config.wide, "layers") if made.blocks else wide
    columns = {
        "queries_spent": result.queries,
        "loss": result.losses,
        **result.extra,
        "step_seconds": clock.elapsed / max(result.steps, 1),
        "wide_step_seconds": wide,
        "wide_layer_seconds": layers,
        "lr": chosen.lr,
        "at_grid_end": chosen.at_edge,
        "tuning_queries": chosen.spent_queries,
        "accuracy": problem.accuracy(),
        "diverged": result.diverged,
        "last_finite": result.last_finite,
        "dim": problem.dim,
        **{f"size_{b}": size for b, size in enumerate(sizes)},
    }
    return Table(columns, queries=result.spent)


EXPERIMENT = Experiment(
    title="Block coordinate descent against MeZO, beside what block structures predict",
    presets={
        "quick": Preset(
            Config(
                networks=("tapered",),
                methods=("mezo-signs", "cyclic", "importance"),
                steps=400,
                records=9,
                measured=2,
                draws=32,
                tuning_seeds=1,
                wide=256,
            ),
            seeds=2,
        ),
        "evidence": Preset(Config(), seeds=10),
        "mnist": Preset(
            Config(
                networks=("mnist",), methods=("mezo-signs", "cyclic", "uniform", "importance"), draws=24
            ),
            seeds=6,
        ),
        "paper": Preset(Config(steps=20_000, records=41, measured=11, draws=256, probes=16), seeds=20),
    },
    cells=cells,
    run=run,
    source="arXiv 2501.19099 (MeZO-BCD), as summarised; importance derived here",
    packages=("torch", "scikit-learn", "mlxtend"),
)
