"""Rough directions that are wrong: at a chosen angle to the gradient, or of a gradient lost in noise."""

import math
from dataclasses import dataclass

import numpy as np

from experiments import _rough_direction as rough
from experiments.alignment_stress import theory
from experiments.alignment_stress.draws import at_angle, from_noisy_probes, perturbations
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

# A guided law whose belief is nearer to 0 or 1 than this hardly ever leaves one of its two parts.
LEAST_BELIEF, LARGEST_BELIEF = 0.1, 0.99


@dataclass(frozen=True)
class Config:
    """Errors of single draws whose law uses a rough direction of the gradient.

    Attributes:
        dims: dimensions, at least 3.
        angles: degrees between the rough direction and the gradient, from 0 to 90.
        signals: |a|^2 / (|a|^2 + sigma^2), sigma the noise of one difference quotient; from 0 (a = 0) to 1.
        probes: difference quotients that a rough direction is made of where there is noise; at least 1.
        beliefs: alignments that guided laws take their direction to have, from 0.1 to 0.99.
        trials: draws a law, at least 100.
    """

    dims: tuple[int, ...] = (8, 64)
    angles: tuple[float, ...] = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 82.5, 90.0)
    signals: tuple[float, ...] = (0.0, 0.01, 0.1, 0.5, 1.0)
    probes: int = 16
    beliefs: tuple[float, ...] = (0.3, 0.9)
    trials: int = 20_000

    def __post_init__(self) -> None:
        if not self.dims or len(set(self.dims)) < len(self.dims) or min(self.dims) < 3:
            raise InvalidArgument("dims", self.dims, "give different integers of at least 3")
        if not self.angles and not self.signals:
            raise InvalidArgument("angles", self.angles, "give at least one angle or signal")
        _check_inside(self.angles, "angles", 0, 90)
        _check_inside(self.signals, "signals", 0, 1)
        _check_inside(self.beliefs, "beliefs", LEAST_BELIEF, LARGEST_BELIEF)
        check_count(self.probes, "probes")
        if check_count(self.trials, "trials") < 100:
            raise InvalidArgument("trials", self.trials, "give at least 100, for standard errors")


def _check_inside(values: tuple[float, ...], name: str, low: float, high: float) -> None:
    if len(set(values)) < len(values) or not all(low <= value <= high for value in values):
        raise InvalidArgument(name, values, f"give different numbers from {low} to {high}")


def cells(config: Config) -> list[Cell]:
    """Return a cell for each dimension and angle ("angle") and for each dimension and signal ("noise")."""
    levels = {"angle": config.angles, "noise": config.signals}
    return [
        {"stress": stress, "dim": dim, "level": level}
        for stress, values in levels.items()
        for dim in config.dims
        for level in values
    ]


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure the errors of one draw g = (v.a + eps) v of delta = 1, mu -> 0, |a|^2 + sigma^2 = 1.

    Stress "angle": |a| = 1, no noise, directions at ``level`` degrees to a and uniform around it. Stress
    "noise": |a|^2 = ``level``, directions from as many noisy quotients as the configuration says. Every
    draw has a direction of its own. Function values that directions cost are counted there (two a
    quotient), and shared by the laws.

    Columns:
        law: "sphere" and "gaussian" use no direction; "aligned-sphere", "aligned-gaussian" by their
            complement; "guided-0.3" takes its direction to have the alignment 0.3; "guided-known" that
            which it has (root mean square, moved into [0.1, 0.99]).
        probability: with which a guided law probes along its direction; nan for the others.
        alignment_square, predicted_alignment_square: mean of rho^2 as measured, and its expectation.
        trials: number of draws.
        total, total_standard_error, predicted_total: E|g - a|^2.
        along, along_standard_error, predicted_along: E[(g - a).a]^2 / |a|^2.
        break_even_low, break_even_high: the rho^2 between which "aligned-sphere" has more error along a
            than "sphere" (without noise).
    """
    dim, level, noisy = cell["dim"], cell["level"], cell["stress"] == "noise"
    axis = seed.shared("gradient", dim).standard_normal(dim)
    axis = axis / np.linalg.norm(axis)
    theta = level if noisy else 1.0
    a, sigma, trials = math.sqrt(theta) * axis, math.sqrt(1 - theta), config.trials
    if noisy:
        directions = from_noisy_probes(a, sigma, config.probes, trials, seed.stream("directions"))
        r1, r2 = theory.noisy_alignment(dim, config.probes, theta)
    else:
        directions = at_angle(a, level, trials, seed.stream("directions"))
        r1 = math.cos(math.radians(level)) ** 2
        r2 = r1**2
    beliefs = {f"guided-{belief:g}": belief for belief in config.beliefs}
    beliefs["guided-known"] = min(max(math.sqrt(r1), LEAST_BELIEF), LARGEST_BELIEF)
    rows: list[dict[str, float | str]] = []
    for law in ("sphere", "gaussian", "aligned-sphere", "aligned-gaussian", *beliefs):
        p = rough.guide_probability(dim, beliefs[law]) if law in beliefs else math.nan
        rng = seed.stream(law)
        v = perturbations(law, directions, p, rng)
        errors = (v @ a + sigma * rng.standard_normal(trials))[:, None] * v - a
        row: dict[str, float | str] = {"law": law, "probability": p}
        predicted = theory.errors(law, dim, r1, r2, p, theta)
        squares = np.einsum("td,td->t", errors, errors), (errors @ axis) ** 2
        for name, values, wanted in zip(("total", "along"), squares, predicted, strict=True):
            row[name] = float(values.mean())
            row[f"{name}_standard_error"] = float(values.std(ddof=1)) / math.sqrt(trials)
            row[f"predicted_{name}"] = wanted
        rows.append(row)
    columns: dict[str, object] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["alignment_square"] = float(np.mean((directions @ axis) ** 2))
    columns["predicted_alignment_square"] = r1
    columns["break_even_low"], columns["break_even_high"] = theory.break_even(dim)
    columns["trials"] = trials
    return Table(columns, queries=2 * trials * (len(rows) + (config.probes if noisy else 0)))


EXPERIMENT = Experiment(
    title="rough directions at a chosen angle to the gradient, and of a gradient lost in noise",
    presets={
        "quick": Preset(Config(), seeds=3),
        "paper": Preset(
            Config(
                dims=(4, 16, 64, 256),
                angles=(0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 75.0, 80.0, 85.0, 90.0),
                signals=(0.0, 0.001, 0.01, 0.1, 0.3, 0.6, 0.9, 1.0),
                beliefs=(0.1, 0.3, 0.6, 0.9, 0.99),
                trials=100_000,
            ),
            seeds=5,
        ),
    },
    cells=cells,
    run=run,
    source="derived here; the aligned laws are those of arXiv 2510.19975",
)
