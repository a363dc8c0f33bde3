"""How to split a batch between a rough estimate and perturbations aligned with it."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from experiments._batch_groups import groups
from experiments._measurements import KINDS, errors, large_coordinates, measured, predicted
from experiments._predictions import error_covariance, probe_alignment
from experiments._targets import Function, target
from zotheory.errors import InvalidArgument
from zotheory.estimators import Central, Estimator, Forward, TwoStage
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.laws import Gaussian, Sphere
from zotheory.validation import check_count

# Up to this batch estimates are cheap, and there are more of them.
SMALL_BATCHES = 40
LAWS = {"sphere": Sphere, "gaussian": Gaussian}


@dataclass(frozen=True)
class Config:
    """Two stages at a random point, delta = 1 and the same number of queries for all splits.

    Attributes:
        functions: indefinite or definite quadratic, half of x zero; or product of coordinates, one zero.
        dim: dimension, at least 2.
        splits: percentages of the batch that stage 1 takes, from 1 to 99.
        combinations: of the stages: second alone, average over all draws, or weights of least total error.
        probes: laws of stage 1.
        complement: of the aligned draws: fixed length or Gaussian; "optimal" weights are then known for
            Gaussian probes only.
        batches: increasing numbers of perturbations, which every split divides into whole numbers.
        mus: smoothing distances, at least 0; 0 is the limit mu -> 0, of the linearised function.
        trials: independent estimates of the largest batch a cell, and of the others above 40, at least 2;
            smaller ones have as many more as the same draws make.
        threshold: tau over the largest |a_i|, in (0, 1].
        difference: forward (batch + 1 queries) or central (2 batch queries).
    """

    functions: tuple[Function, ...] = ("product", "indefinite")
    dim: int = 16
    splits: tuple[int, ...] = (10, 25, 50, 75, 90)
    combinations: tuple[Literal["second", "average", "optimal"], ...] = ("second", "average", "optimal")
    probes: tuple[Literal["sphere", "gaussian"], ...] = ("sphere", "gaussian")
    complement: Literal["sphere", "gaussian"] = "sphere"
    batches: tuple[int, ...] = (20, 40, 80, 160, 320)
    mus: tuple[float, ...] = (0.0,)
    trials: int = 1000
    threshold: float = 0.5
    difference: Literal["forward", "central"] = "forward"

    def __post_init__(self) -> None:
        for name in ("dim", "trials"):
            if check_count(getattr(self, name), name) < 2:
                raise InvalidArgument(name, getattr(self, name), "give at least 2")
        if not self.splits or any(not 1 <= split <= 99 for split in self.splits):
            raise InvalidArgument("splits", self.splits, "give percentages from 1 to 99")
        if not self.batches or any(a >= b for a, b in pairwise([0, *self.batches])):
            raise InvalidArgument("batches", self.batches, "give increasing positive integers")
        step = math.lcm(*(100 // math.gcd(100, split) for split in self.splits))
        if any(batch % step for batch in self.batches):
            raise InvalidArgument("batches", self.batches, f"these splits need multiples of {step}")
        if any(not (mu == 0 or 1e-12 <= mu <= 1) for mu in self.mus):
            raise InvalidArgument("mus", self.mus, "give 0 or numbers from 1e-12 to 1")
        if not 0 < self.threshold <= 1:
            raise InvalidArgument("threshold", self.threshold, "give a number above 0 and at most 1")
        if self.complement == "gaussian" and "optimal" in self.combinations and "sphere" in self.probes:
            remedy = (
                "with a Gaussian complement and sphere probes leave out optimal: its weights are unknown"
            )
            raise InvalidArgument("combinations", self.combinations, remedy)


def cells(config: Config) -> list[Cell]:
    """Return a cell for each way to split and combine, and with split 0 for one stage of each law."""
    return [
        {"function": function, "mu": mu, "probes": probes, "split": split, "combination": combination}
        for function in config.functions
        for mu in config.mus
        for probes in config.probes
        for split, combination in (
            (0, "one-stage"),
            *((split, combination) for split in config.splits for combination in config.combinations),
        )
    ]


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure the error of estimates g of a = grad f(x), in units of |a|^2, for each batch.

    The same seed has the same x for all cells of a function. Batches up to 40 share draws, and so do those
    above: their points depend on each other. Predicted is the limit mu -> 0, within 0.25% in the moments of
    the alignment with sphere probes and exact with Gaussian ones.

    Columns:
        batch: perturbations of an estimate, both stages; queries_per_estimate: function values it takes.
        first, second: perturbations of the stages (one stage: all are second).
        weight: of stage 1 in the estimate.
        total, tau_mse, directional: mean over trials of |g - a|^2, of |(g - a)_T|^2 on the coordinates T
            with |a_i| >= tau, and of ((g - a).a)^2/|a|^2.
        total_standard_error, ...: of these means.
        predicted_total, ...: closed forms.
        predicted_alignment: E rho^2 of stage 1 with the gradient; 0 without one.
        best_total: (dim - 1)/batch, the least total error of constant weights, which one stage of fixed
            length reaches (with spherical complement).
        large_coordinates: |T|; large_share: |a_T|^2/|a|^2; dimension: of the cell.
        trials: independent estimates of the batch.
    """
    function, mu = cell["function"], cell["mu"]
    shared = "product" if function == "product" else "quadratic"
    at = target(function, config.dim, seed.shared("point", shared))
    seen = at if mu else at.linearised()
    made = [_estimator(config, cell, batch) for batch in config.batches]
    by_batch = dict(zip(config.batches, made, strict=True))
    found = [
        errors(
            by_batch[part.batches[-1]],
            seen,
            part.batches,
            part.trials,
            seed.stream("draws", part.batches[-1]),
        )
        for part in groups(config.batches, config.trials, SMALL_BATCHES)
    ]
    values = [row for part in found for row in part.values]
    stages = [one if isinstance(one, TwoStage) else None for one in made]
    columns: dict[str, object] = {
        "batch": list(config.batches),
        "queries_per_estimate": [one.queries for one in made],
        "first": [one.first if one else 0 for one in stages],
        "second": [one.second if one else b for one, b in zip(stages, config.batches, strict=True)],
        "weight": [float(one.weight) if one else 0.0 for one in stages],  # type: ignore[arg-type]
        "predicted_alignment": [probe_alignment(one)[0] if one else 0.0 for one in stages],
        "best_total": [(config.dim - 1) / batch for batch in config.batches],
    }
    means = [measured(row, at.gradient, config.threshold) for row in values]
    theory = [predicted(error_covariance(one, at.gradient), at.gradient, config.threshold) for one in made]
    for kind in KINDS:
        columns[kind] = [row[kind].value for row in means]
        columns[f"{kind}_standard_error"] = [row[kind].standard_error for row in means]
        columns[f"predicted_{kind}"] = [row[kind] for row in theory]
    large = large_coordinates(at.gradient, config.threshold)
    columns["large_coordinates"] = int(large.sum())
    columns["large_share"] = float((at.gradient[large] ** 2).sum() / (at.gradient**2).sum())
    columns |= {"dimension": config.dim, "trials": [len(row) for row in values]}
    return Table(columns, queries=sum(int(part.queries.sum()) for part in found))


def _estimator(config: Config, cell: Cell, batch: int) -> Estimator:
    law, mu = LAWS[cell["probes"]](config.dim), cell["mu"] or 1.0
    if not cell["split"]:
        return Central(law, mu, batch) if config.difference == "central" else Forward(law, mu, batch)
    first = batch * cell["split"] // 100
    return TwoStage(
        law, mu, first, batch - first, cell["combination"], config.complement, config.difference
    )


EXPERIMENT = Experiment(
    title="splitting a batch between a rough estimate and perturbations aligned with it",
    presets={
        "quick": Preset(Config(trials=500), seeds=3),
        "paper": Preset(Config(trials=2000), seeds=10),
    },
    cells=cells,
    run=run,
    version=2,
    source="arXiv 2510.19975, Algorithm 2, as summarised; the combinations are derived here",
)
