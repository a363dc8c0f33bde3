"""The configuration of adaptive-synthetic, and its grid of cells."""

import itertools
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell
from zotheory.validation import check_count

FunctionName: TypeAlias = Literal["quadratic", "cubic", "levy", "rosenbrock", "ackley", "rastrigin"]
MethodName: TypeAlias = Literal["zo-sgd", "zo-signsgd", "zo-adamm", "r-adazo", "r-adazo-code"]
LawName: TypeAlias = Literal["sphere", "gaussian", "rademacher", "coordinate", "block", "low-rank"]
Rule: TypeAlias = Literal["same", "matched", "tuned"]

# At most so many records beside those that are kept, to find when a target is reached.
FINE = 100


@dataclass(frozen=True)
class Config:
    """Forward differences from random starts, delta = 1, the same number of function values for all.

    Attributes:
        functions: see `_problem_functions`.
        methods: "r-adazo" is the paper's form, "r-adazo-code" that without the factor d.
        laws: of all methods, where learning rates are tuned; of the other rules the first one, but all
            of them if no rule tunes.
        law_method: runs with all laws, tuned.
        rules: learning rates: "same" for all methods; "matched": for zo-adamm alone, the same one times
            sqrt((1 + beta1) / (1 - beta1)), by which steps of r-adazo are longer in noise; "tuned" for each
            method, law and function.
        rows: x is a matrix (which matters to the law "low-rank") with so many rows, at least 2.
        columns: at least 2; rows times columns is the dimension d, from 8 to 1e5.
        queries: K, perturbations a step, at least 1; a step takes K + 1 function values.
        mu: smoothing distance along v, E|v|^2 = d, from 1e-7 to 1e-1.
        budget: function values of a run, at least that of one step.
        lr: of the rule "same", above 0, at most 1.
        beta1: of adaptive methods, from 0 to below 1.
        beta2: likewise.
        grid_start: smallest step length on the grid of learning rates, above 0, at most 1: root mean square
            over coordinates, for SGD that of the first step. Seed 0's grid begins there, those of other
            seeds within one ratio above.
        grid_ratio: of neighbours on the grid, from 1.1 to 10.
        grid: learning rates on it, at least 2; it is extended while the best lies at an end.
        tuning_trials: runs at each learning rate of the grid, with random numbers used for nothing else.
        trials: runs that are reported, at least 1.
        targets: losses to reach, relative to the start, in (0, 1), falling.
        points: at most so many times at which curves are kept, at least 2.
        device: of the parameters.
    """

    functions: tuple[FunctionName, ...] = (
        "quadratic",
        "cubic",
        "levy",
        "rosenbrock",
        "ackley",
        "rastrigin",
    )
    methods: tuple[MethodName, ...] = ("zo-sgd", "zo-signsgd", "zo-adamm", "r-adazo", "r-adazo-code")
    laws: tuple[LawName, ...] = ("sphere", "coordinate")
    law_method: MethodName | None = "r-adazo"
    rules: tuple[Rule, ...] = ("same", "matched", "tuned")
    rows: int = 12
    columns: int = 12
    queries: int = 2
    mu: float = 1e-4
    budget: int = 1200
    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    grid_start: float = 0.004
    grid_ratio: float = 2.0
    grid: int = 4
    tuning_trials: int = 3
    trials: int = 16
    targets: tuple[float, ...] = (0.8, 0.5, 0.2, 0.1, 0.05)
    points: int = 16
    device: Literal["cpu", "cuda"] = "cpu"

    def __post_init__(self) -> None:
        for name in ("functions", "methods", "laws", "rules"):
            if not getattr(self, name):
                raise InvalidArgument(name, (), "give at least one")
        counts = {
            "rows": 2,
            "columns": 2,
            "queries": 1,
            "grid": 2,
            "tuning_trials": 1,
            "trials": 1,
            "points": 2,
        }
        for name, least in counts.items():
            if check_count(getattr(self, name), name) < least:
                raise InvalidArgument(name, getattr(self, name), f"give at least {least}")
        if not 8 <= self.dim <= 1e5:
            raise InvalidArgument(
                "rows", self.rows, f"d = rows * columns = {self.dim}: make it 8 to 100000"
            )
        if check_count(self.budget, "budget") < self.queries + 1:
            raise InvalidArgument("budget", self.budget, f"a step takes {self.queries + 1}: give as many")
        ranges = {
            "mu": (1e-7, 1e-1),
            "grid_ratio": (1.1, 10.0),
            "lr": (1e-12, 1.0),
            "grid_start": (1e-12, 1.0),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give a number from {low} to {high}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise InvalidArgument(name, getattr(self, name), "give a number from 0 to below 1")
        falling = all(a > b for a, b in itertools.pairwise(self.targets))
        if not self.targets or not falling or not 0 < self.targets[-1] <= self.targets[0] < 1:
            raise InvalidArgument("targets", self.targets, "give falling numbers between 0 and 1")

    @property
    def dim(self) -> int:
        """The dimension d."""
        return self.rows * self.columns

    @property
    def steps(self) -> int:
        """Steps that the budget is enough for."""
        return self.budget // (self.queries + 1)

    @property
    def kept(self) -> list[int]:
        """Numbers of function values at which curves are kept: 0, one step, then about geometric."""
        steps = np.geomspace(1, self.steps, self.points - 1).round().astype(int)
        return [0, *((self.queries + 1) * np.unique(steps)).tolist()]

    @property
    def marks(self) -> list[int]:
        """Those at which losses are looked at: also every so many steps."""
        every = max(1, self.steps // FINE) * (self.queries + 1)
        return sorted({*self.kept, *range(0, self.steps * (self.queries + 1) + 1, every)})


def cells(config: Config) -> list[Cell]:
    """Return a cell for each function, method, law and rule that makes sense."""
    found: list[Cell] = []
    for name in config.functions:
        for rule in config.rules:
            laws = config.laws if rule == "tuned" or "tuned" not in config.rules else config.laws[:1]
            methods = [m for m in config.methods if rule != "matched" or m == "zo-adamm"]
            pairs = [(m, law) for m in methods for law in laws]
            if rule == "tuned" and config.law_method is not None:
                more = [(config.law_method, law) for law in get_args(LawName)]
                pairs += [pair for pair in more if pair not in pairs]
            found += [{"function": name, "method": m, "law": law, "rule": rule} for m, law in pairs]
    return found
