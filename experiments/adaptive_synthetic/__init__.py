"""Adaptive methods and SGD on synthetic functions, at one learning rate and with the best of each."""

import math
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from experiments._training import queries_to_reach
from experiments.adaptive_synthetic.config import Config, LawName, MethodName, cells
from experiments.adaptive_synthetic.runs import Problem, chosen_rate, number_of, start_of, trial
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure losses and lengths of steps of several runs, beside the lengths predicted.

    Trial j starts at the same point in all cells. Columns: "trial"; "queries", function values so far;
    "loss", f over that at the start (f has the least value 0), inf from divergence on; "gradient",
    |grad f|, nan from then on; "step_length" and "predicted_step_length", root mean square over coordinates
    and over the steps since the row before, in units of the learning rate, nan in the first row, where
    there was no step, and the prediction for methods that are not adaptive; "queries_to_A" for each target
    A: function values at the first record (about 100 a run) at which the loss was at most A, inf if never;
    "diverged"; "last_finite", the last finite loss; "lr"; "at_grid_end", whether that is the best of a grid
    whose end it is still after all extensions; "tuning_queries", function values spent on choosing it.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        problem, tuned = Problem.of(config, cell), chosen_rate(config, cell, seed)
        trials = [
            trial(
                config,
                problem,
                tuned.lr,
                start_of(problem, config, seed, "trial", j),
                number_of(seed, "trial", j),
            )
            for j in range(config.trials)
        ]
    finally:
        torch.set_num_threads(threads)
    kept = np.isin(config.marks, config.kept)
    done = np.diff(np.array(config.kept) // (config.queries + 1))

    def lengths(squares: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([[math.nan], np.sqrt(np.diff(squares[kept]) / done)])

    def rows(values: list[NDArray[np.float64]]) -> NDArray[np.float32]:
        return np.concatenate(values).astype(np.float32)

    def each(values: list[Any]) -> NDArray[Any]:
        return np.repeat(np.array(values), len(config.kept))

    runs = [found.run for found in trials]
    columns = {
        "trial": each(list(range(config.trials))),
        "queries": np.tile(config.kept, config.trials),
        "loss": rows([found.losses[kept] for found in runs]),
        "gradient": rows([found.extra["size"][kept] for found in runs]),
        "step_length": rows([lengths(found.squares) for found in trials]),
        "predicted_step_length": rows([lengths(found.predicted) for found in trials]),
        **{
            f"queries_to_{a:g}": each([queries_to_reach(found, a) for found in runs])
            for a in config.targets
        },
        "diverged": each([found.diverged for found in runs]),
        "last_finite": each([found.last_finite for found in runs]),
        "lr": tuned.lr,
        "at_grid_end": tuned.at_edge,
        "tuning_queries": tuned.spent_queries,
    }
    return Table(columns, queries=tuned.spent_queries + sum(found.spent for found in runs))


LARGE = Config(
    law_method=None,
    rows=100,
    columns=100,
    queries=9,
    grid=3,
    tuning_trials=1,
    targets=(0.95, 0.9, 0.8, 0.7, 0.6, 0.5),
)
EXPERIMENT = Experiment(
    title="Adaptive methods, sign descent and SGD: one learning rate for all, and the best of each",
    presets={
        "quick": Preset(
            Config(
                functions=("quadratic", "rosenbrock"),
                laws=("sphere",),
                law_method=None,
                rows=8,
                columns=8,
                budget=600,
                trials=4,
                tuning_trials=2,
            )
        ),
        "evidence": Preset(Config(laws=("sphere",))),
        # The published dimension, at one learning rate only.
        "published-dimension": Preset(
            Config(
                functions=("quadratic", "rosenbrock"),
                methods=("zo-adamm", "r-adazo"),
                laws=("sphere",),
                law_method=None,
                rules=("same", "matched"),
                rows=100,
                columns=100,
                budget=6000,
            )
        ),
        # The published dimension with everything, as far as that goes on one core in a quarter of an hour:
        # 0.2 function values a dimension, by which losses fall by a tenth to a third, and nothing of what
        # comes after. Rates are tuned once, by one run each.
        "evidence-laws": Preset(
            replace(LARGE, methods=get_args(MethodName), laws=get_args(LawName), budget=2000, trials=10)
        ),
        # The same without tuning: at one learning rate every method with every law, same starts.
        "evidence-laws-same": Preset(
            replace(
                LARGE,
                methods=get_args(MethodName),
                laws=get_args(LawName),
                rules=("same", "matched"),
                budget=2000,
                trials=10,
                points=9,
            )
        ),
        # Two methods there at twice the budget, every seed with rates tuned by runs, and on a grid, of its
        # own. The law is the cheapest one that has the sphere's length.
        "evidence-large": Preset(
            replace(LARGE, methods=("zo-adamm", "r-adazo"), laws=("rademacher",), budget=4000, trials=1),
            seeds=12,
        ),
        "paper": Preset(
            Config(
                laws=get_args(LawName),
                rows=100,
                columns=100,
                budget=60_000,
                mu=1e-5,
            )
        ),
    },
    cells=cells,
    run=run,
    source="arXiv 2502.01014, as summarised; the lengths of steps are derived here",
    packages=("torch",),
)
