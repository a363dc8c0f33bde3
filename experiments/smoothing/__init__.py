"""Smoothing distance mu against number format: truncation, round-off, and the mu that balances them."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.smoothing import theory
from experiments.smoothing.formats import FORMATS, bfloat16
from experiments.smoothing.functions import FUNCTIONS, Separable
from experiments.smoothing.slopes import from_rounded_arithmetic, from_rounded_values, signs
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table

LARGEST_DIM = 16
MOST_MUS_PER_DECADE = 100


@dataclass(frozen=True)
class Config:
    """Two-point slopes of f(x) = sum_i h_i phi(x_i) at random x, along all 2^dim sign vectors.

    Attributes:
        dim: dimension, 1 to 16.
        condition: largest over smallest weight h_i, at least 1; the weights are geometric.
        smallest_mu: from 1e-30 to largest_mu.
        largest_mu: at most 1.
        mus_per_decade: values of mu in a factor of ten, geometric; 1 to 100.
        functions: phi: s^2/2 or exp(s).
        differences: forward or central.
        formats: of the numbers.
        arithmetic: what is rounded: function values only, or all operations.
    """

    dim: int = 10
    condition: float = 10.0
    smallest_mu: float = 1e-12
    largest_mu: float = 1.0
    mus_per_decade: int = 4
    functions: tuple[Literal["quadratic", "exponential"], ...] = ("quadratic", "exponential")
    differences: tuple[Literal["forward", "central"], ...] = ("forward", "central")
    formats: tuple[Literal["float64", "float32", "bfloat16"], ...] = ("float64", "float32", "bfloat16")
    arithmetic: tuple[Literal["values", "all"], ...] = ("values", "all")

    def __post_init__(self) -> None:
        if not 1 <= self.dim <= LARGEST_DIM:
            remedy = f"give an integer from 1 to {LARGEST_DIM}: all sign vectors are used"
            raise InvalidArgument("dim", self.dim, remedy)
        if not 1 <= self.condition <= 1e6:
            raise InvalidArgument("condition", self.condition, "give a number from 1 to 1e6")
        if not 1e-30 <= self.smallest_mu <= self.largest_mu <= 1:
            raise InvalidArgument(
                "smallest_mu", self.smallest_mu, "keep 1e-30 <= smallest_mu <= largest_mu <= 1"
            )
        if not 1 <= self.mus_per_decade <= MOST_MUS_PER_DECADE:
            remedy = f"give an integer from 1 to {MOST_MUS_PER_DECADE}"
            raise InvalidArgument("mus_per_decade", self.mus_per_decade, remedy)

    @property
    def mus(self) -> list[float]:
        """The smoothing distances, increasing."""
        decades = math.log10(self.largest_mu / self.smallest_mu)
        count = round(decades * self.mus_per_decade) + 1
        return [float(mu) for mu in np.geomspace(self.smallest_mu, self.largest_mu, count)]


def cells(config: Config) -> list[Cell]:
    """Return a cell for each function, difference, format and arithmetic."""
    return [
        {"function": function, "difference": difference, "format": format, "arithmetic": arithmetic}
        for function in config.functions
        for difference in config.differences
        for format in config.formats
        for arithmetic in config.arithmetic
    ]


def problem(config: Config, name: str, seed: Seed) -> Separable:
    """Return a function at a random point: one point for all cells of a seed, which every format holds."""
    weights = bfloat16(np.geomspace(1.0, 1.0 / config.condition, config.dim)).astype(np.float64)
    point = bfloat16(seed.shared("point").standard_normal(config.dim)).astype(np.float64)
    return FUNCTIONS[name](weights, point)


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure the errors of slopes at every mu, relative to |grad f(x)|, beside what theory says.

    Below 1e-15 what is measured is the round-off of the measurement itself, which is in float64.

    Columns:
        mu: smoothing distance.
        truncation, round_off, total: root mean squares over v of the errors of slopes.
        bias: |E(slope v) - grad f(x)|, with rounding.
        stalled: the fraction of slopes that were computed to be 0.
        predicted_stalled: that fraction; with rounded arithmetic 1 where x never moves, and else 0.
        predicted_truncation, predicted_bias: closed forms, in exact arithmetic.
        predicted_round_off, predicted_total: see `theory`.
        predicted_mu, best_mu: where the total is least, by theory (infinity: nowhere) and as measured.
    """
    function, format = problem(config, cell["function"], seed), FORMATS[cell["format"]]
    central, all_rounded = cell["difference"] == "central", cell["arithmetic"] == "all"
    v, rng = signs(config.dim), seed.stream("offsets")
    size, products = float(np.linalg.norm(function.gradient)), v @ function.gradient
    rows: list[dict[str, float]] = []
    for mu in config.mus:
        if all_rounded:
            slopes = from_rounded_arithmetic(function, format, v, mu, central)
            predicted = theory.rounded_arithmetic(function, format, mu, central)
            stalled = theory.stalled_arithmetic(function, format, mu)
        else:
            slopes = from_rounded_values(function, format, v, mu, central, rng)
            predicted = theory.rounded_values(function, format, v, mu, central)
            stalled = theory.stalled_values(function, format, v, mu, central)
        errors = slopes.computed - products
        truncation = theory.truncation(function, mu, central)
        rows.append(
            {
                "mu": mu,
                "truncation": _rms(slopes.truncation) / size,
                "round_off": _rms(errors - slopes.truncation) / size,
                "total": _rms(errors) / size,
                "bias": float(np.linalg.norm(errors @ v / len(v))) / size,
                "stalled": float(np.mean(slopes.computed == 0)),
                "predicted_stalled": stalled,
                "predicted_truncation": truncation / size,
                "predicted_round_off": predicted / size,
                "predicted_total": math.hypot(truncation, predicted) / size,
                "predicted_bias": float(np.linalg.norm(theory.bias(function, mu))) / size,
            }
        )
    scale = theory.round_off_scale(function, format, central, cell["arithmetic"])
    columns: dict[str, object] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["predicted_mu"] = theory.best_mu(function, scale, central)
    columns["best_mu"] = min(rows, key=lambda row: row["total"])["mu"]
    # With rounded values each row has its own f(x); with rounded arithmetic all share one.
    values = len(v) * 2 if central or not all_rounded else len(v) + 1
    return Table(columns, queries=values * len(rows))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


EXPERIMENT = Experiment(
    title="smoothing distance against number format: truncation, round-off, the best mu",
    presets={
        "quick": Preset(Config(), seeds=5),
        "paper": Preset(Config(dim=12, mus_per_decade=10), seeds=20),
    },
    cells=cells,
    run=run,
    source="derived here; the balance of truncation and round-off is classical",
)
