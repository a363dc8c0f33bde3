"""Which gradients gain from aligned and from optimal laws: sparsity, decay, dimension and budget."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from experiments.dense_vs_sparse import theory
from experiments.dense_vs_sparse.estimates import TWO_STAGES, gradient_estimates, squared_errors
from experiments.dense_vs_sparse.gradients import Gradient
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

ONE_STAGE = (
    "sphere",
    "gaussian",
    "rademacher",
    "coordinate",
    "importance",
    "aligned-exact",
    "two-atom-exact",
)
# These are told the direction of the gradient, or the energies of its blocks: not available in practice.
TOLD = ("importance", "aligned-exact", "two-atom-exact")
# The sphere comes first: the others are compared with it.
LAWS = ("sphere", "gaussian", "rademacher", "coordinate", "frame", *TOLD, *TWO_STAGES)
LEAST_TRIALS = 48
# Random coordinates seldom meet a sparse gradient, and rare blocks are seldom drawn. A law is left out if
# more than this part of its error on a set comes from blocks with fewer expected meetings than this.
LEAST_MEETINGS, RARE = 50, 0.05


@dataclass(frozen=True)
class Config:
    """Errors of gradient estimates of a linear function, on all coordinates and on the large ones.

    Attributes:
        dims: dimensions, increasing, from 2 to 1000000.
        large_dim: one more dimension, at the smallest budget, the first and the last support and no decay
            only; 0 for none.
        supports: numbers of non-zero entries of the gradient, increasing; 0 stands for all of them. Those
            above a dimension are left out there.
        decays: exponents: the i-th entry is proportional to i^-decay; from 0 to 10.
        budgets: perturbations an estimate, even, at least 2 and at most the smallest dimension.
        threshold: coordinates are large from this fraction of the largest one on; in (0, 1].
        two_atom_probability: p of the law with two atoms, in (0, 1).
        spread: share of the energy that the importance law takes to be evenly spread, in (0, 1).
        most_trials: estimates a cell and law, at least 48.
        numbers: random numbers a cell and law; limits the trials in high dimension (48 at least).
    """

    dims: tuple[int, ...] = (16, 256, 4096)
    large_dim: int = 100_000
    supports: tuple[int, ...] = (1, 4, 16, 0)
    decays: tuple[float, ...] = (0.0, 1.0)
    budgets: tuple[int, ...] = (8, 16)
    threshold: float = 0.5
    two_atom_probability: float = 0.5
    spread: float = 0.1
    most_trials: int = 4000
    numbers: int = 8_000_000

    def __post_init__(self) -> None:
        _check_increasing(self.dims, "dims", 2, 1_000_000)
        if self.large_dim and not max(self.dims) < self.large_dim <= 1_000_000:
            remedy = "give 0, or a number above the other dimensions and at most 1000000"
            raise InvalidArgument("large_dim", self.large_dim, remedy)
        nonzero = self.supports[:-1] if self.supports[-1:] == (0,) else self.supports
        if not self.supports:
            raise InvalidArgument("supports", self.supports, "give at least one number")
        _check_increasing(nonzero, "supports", 1, 1_000_000)
        if not self.decays or not all(0 <= decay <= 10 for decay in self.decays):
            raise InvalidArgument("decays", self.decays, "give numbers from 0 to 10")
        least = min(self.dims)
        if not self.budgets or any(b < 2 or b % 2 or b > least for b in self.budgets):
            remedy = f"give even numbers from 2 to the smallest dimension, {least}"
            raise InvalidArgument("budgets", self.budgets, remedy)
        for name in ("two_atom_probability", "spread"):
            if not 0 < getattr(self, name) < 1:
                raise InvalidArgument(name, getattr(self, name), "give a number in (0, 1)")
        if not 0 < self.threshold <= 1:
            raise InvalidArgument("threshold", self.threshold, "give a number in (0, 1]")
        if check_count(self.most_trials, "most_trials") < LEAST_TRIALS:
            raise InvalidArgument("most_trials", self.most_trials, f"give at least {LEAST_TRIALS}")
        check_count(self.numbers, "numbers")

    def trials(self, dim: int, budget: int) -> int:
        """Return the number of estimates for each law."""
        return max(LEAST_TRIALS, min(self.most_trials, self.numbers // (dim * budget)))


def _check_increasing(values: tuple[int, ...], name: str, least: int, most: int) -> None:
    ordered = all(a < b for a, b in pairwise(values))
    if (name == "dims" and not values) or not ordered or not all(least <= v <= most for v in values):
        raise InvalidArgument(name, values, f"give increasing integers from {least} to {most}")


def cells(config: Config) -> list[Cell]:
    """Return a cell for each dimension, support, decay and budget; a single entry has no decay."""
    found = []
    for dim in config.dims:
        for support in _supports(config, dim):
            for decay in config.decays if support > 1 else (0.0,):
                for budget in config.budgets:
                    found.append({"dim": dim, "support": support, "decay": decay, "budget": budget})
    if config.large_dim:
        supports, budget = _supports(config, config.large_dim), min(config.budgets)
        for support in dict.fromkeys((supports[0], supports[-1])):
            found.append({"dim": config.large_dim, "support": support, "decay": 0.0, "budget": budget})
    return found


def _supports(config: Config, dim: int) -> list[int]:
    found = list(dict.fromkeys(dim if s == 0 else s for s in config.supports if s <= dim))
    return found or [dim]


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure errors of estimates of the gradient a, |a| = 1, for each law and set; delta = 1, mu -> 0.

    All laws spend the same number of function values, two a perturbation. Two-stage estimates take half
    of the budget for the direction, sphere draws all of them: "two-stage-refined" is the second half alone,
    as the published algorithm updates, "two-stage-combined" both halves with the best constant weights,
    "guided" both with the guided law in the second. Coordinates and importance are left out where rare
    draws, of which there are too few, make up more than 5% of the error: means and standard errors would
    both come out too small. Errors on few coordinates are skewed; their logarithms are nearer to normal.

    Columns:
        law: its name.
        told: whether the law is told the direction of a, or the energies of its blocks.
        set: "all" coordinates, the "large" ones, or the "rest".
        set_size, energy_share: |T| and |a_T|^2 / |a|^2.
        anisotropy: A = d energy_share / set_size; aligned draws beat the sphere iff A > 1.
        trials: number of estimates.
        error, standard_error: mean of |(g - a)_T|^2 over the trials.
        predicted_error: its expectation in closed form.
        gain, gain_standard_error: 1 - error / error of the sphere, of independent estimates, and its
            standard error to first order. -inf or nan where the sphere has no error.
        predicted_gain: the same of the expectations.
        aligned_gain: closed form of the gain of draws aligned with a, the most a DAP can have.
    """
    dim, budget = cell["dim"], cell["budget"]
    gradient = Gradient(dim, cell["support"], cell["decay"], config.threshold)
    trials, p, spread = config.trials(dim, budget), config.two_atom_probability, config.spread
    sizes, shares = theory.sizes_and_shares(gradient)
    rows: dict[str, list[object]] = {}
    queries = 0
    base: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    for law in LAWS:
        if theory.seldom_met(law, gradient, spread, LEAST_MEETINGS / (trials * budget)) > RARE:
            continue
        queries += 2 * budget * trials
        parts = gradient_estimates(law, gradient, budget, trials, seed.stream(law), p=p, spread=spread)
        errors = squared_errors(parts, gradient)
        mean, spread_of_mean = errors.mean(axis=0), errors.std(axis=0, ddof=1) / math.sqrt(trials)
        if law in TWO_STAGES:
            predicted = theory.two_stages(gradient, budget, law)
        elif law == "frame":
            predicted = theory.frame(gradient, budget)
        else:
            predicted = theory.independent(law, gradient, p, spread) / budget
        base = base or (mean, spread_of_mean, predicted)
        columns = {
            "law": [law] * len(mean),
            "told": [law in TOLD] * len(mean),
            "set": list(gradient.sets),
            "set_size": sizes.astype(int),
            "energy_share": shares,
            "anisotropy": dim * shares / sizes,
            "error": mean,
            "standard_error": spread_of_mean,
            "predicted_error": predicted,
            "gain": 1 - mean / base[0],
            "gain_standard_error": np.hypot(spread_of_mean, mean / base[0] * base[1]) / base[0],
            "predicted_gain": 1 - predicted / base[2],
            "aligned_gain": theory.exact_gain(gradient),
        }
        for name, values in columns.items():
            rows.setdefault(name, []).extend(values)
    return Table({**rows, "trials": trials}, queries=queries)


EXPERIMENT = Experiment(
    title="gain of aligned and of optimal laws against sparsity, decay, dimension and budget",
    presets={
        "quick": Preset(Config(), seeds=2),
        "paper": Preset(
            Config(
                dims=(32, 256, 2048, 16_384),
                supports=(1, 2, 4, 8, 16, 64, 0),
                decays=(0.0, 0.5, 1.0, 2.0),
                budgets=(2, 8, 32),
                most_trials=4000,
                numbers=20_000_000,
            ),
            seeds=5,
        ),
    },
    cells=cells,
    run=run,
    version=2,
    source="derived here; arXiv 2510.19975 asks whether aligned perturbations lose on dense gradients",
)
