"""Moving the vertices of a mesh so that its finite-element solution matches a finer one."""

import math
from typing import Any, NamedTuple

import numpy as np

from experiments._mesh_descent import Course, Slopes, descend, slopes_at
from experiments._mesh_loss import Interpolated
from experiments._mesh_retriangulated import Retriangulated
from experiments.mesh import slopes
from experiments.mesh.config import Config
from experiments.mesh.methods import Method, method, shares
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.laws import Rademacher
from zotheory.types import FloatArray

# Weight of an even gradient in the energies of importance blocks, which are those at the start.
SPREAD = 0.1


def cells(config: Config) -> list[Cell]:
    """Return a cell for each method, and one for each loss at each start."""
    descents: list[Cell] = [
        {"part": "descent", "name": name, "start": "regular"} for name in config.methods
    ]
    losses: list[Cell] = [
        {"part": "slopes", "name": loss, "start": start}
        for loss in ("interpolated", "retriangulated")
        for start in ("regular", "jittered")
    ]
    return descents + losses


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Descend with a method (part "descent"), or compare losses at small mu (part "slopes").

    Columns that say nothing in a part are NaN there.

    Columns of part "descent", a row for each of about 21 recorded steps:
        queries_spent: function values of one run until then.
        loss, loss_standard_error: mean over the runs, 1 at the start.
        log_loss, log_loss_standard_error: mean of the natural logarithm.
        refused: steps refused until then, mean over the runs.
        runs: how many.
        step_size: the eta that tuning chose; at_edge: 1 if it is the smallest or largest tried even after
            the grid was extended: a comparison with this method is then not one of best steps.
        tuning_queries: function values that tuning took.
        told: 0 for methods that see function values alone, 1 for importance, which is told energies at
            the start, 2 for those that are told the exact gradient.
        measured_error, measured_error_standard_error: E|g - a|^2/|a|^2 at the start.
        predicted_error: that, from the laws' moments.
    Columns of part "slopes", a row for each mu:
        mu: half the distance of the two points, over the length of v / sqrt(dim) and the mesh's width.
        jump: rms over Rademacher directions v of f(x + mu v) - f(x - mu v).
        slope: rms of that over 2 mu.
        slope_change: rms of the difference of the slopes at mu and mu/2.
        slope_error: rms of the slope minus gradient.v, with the gradient by the adjoint equation; only for
            the interpolated loss.
        gradient_size: length of that gradient.
    """
    loss = Interpolated.between(config.cells, config.reference_cells)
    columns = (
        _descent(config, cell, seed, loss)
        if cell["part"] == "descent"
        else _slopes(config, cell, seed, loss)
    )
    table, queries = columns
    rows = max(np.size(column) for column in table.values())
    full = {name: table.get(name, math.nan) for name in COLUMNS}
    return Table(
        {name: np.broadcast_to(np.asarray(x, float), (rows,)) for name, x in full.items()}, queries
    )


COLUMNS = (
    "queries_spent",
    "loss",
    "loss_standard_error",
    "log_loss",
    "log_loss_standard_error",
    "refused",
    "runs",
    "step_size",
    "at_edge",
    "tuning_queries",
    "told",
    "measured_error",
    "measured_error_standard_error",
    "predicted_error",
    "mu",
    "jump",
    "slope",
    "slope_change",
    "slope_error",
    "gradient_size",
)
# Beyond the smallest and the largest step size.
STEP_RATIO = 1.5


def _descent(config: Config, cell: Cell, seed: Seed, loss: Interpolated) -> tuple[dict[str, Any], int]:
    (gradient,) = loss.gradients(np.zeros((1, loss.dim)))
    sizes = _blocks(loss.shape.rings)
    chosen = method(
        cell["name"], config.batch, sizes, shares(gradient, sizes, SPREAD), config.guide_alignment
    )
    tuned = _tuned(config, loss, chosen, seed)
    steps = np.full(config.runs, tuned.best)
    course = _course(config, loss, chosen, steps, config.records, seed.stream("runs"))
    errors = _errors(config, loss, chosen, gradient, seed.stream("errors"))
    root, logs = math.sqrt(config.runs), np.log(course.losses)
    table: dict[str, Any] = {
        "queries_spent": 2 * config.batch * np.array(config.records),
        "loss": course.losses.mean(axis=1),
        "loss_standard_error": course.losses.std(axis=1, ddof=1) / root,
        "log_loss": logs.mean(axis=1),
        "log_loss_standard_error": logs.std(axis=1, ddof=1) / root,
        "refused": course.refused.mean(axis=1),
        "runs": config.runs,
        "step_size": tuned.best,
        "at_edge": tuned.at_edge,
        "tuning_queries": 2 * config.batch * config.steps * tuned.runs,
        "told": ("nothing", "energies", "gradient").index(chosen.knows),
        "measured_error": errors.mean(),
        "measured_error_standard_error": errors.std(ddof=1) / math.sqrt(errors.size),
        "predicted_error": chosen.relative_error(gradient),
    }
    runs = config.runs + tuned.runs
    return table, 2 * config.batch * (config.steps * runs + config.estimates)


class Tuned(NamedTuple):
    """The step size that tuning chose.

    Attributes:
        best: eta.
        at_edge: whether it is the smallest or the largest of all tried.
        runs: that were needed.
    """

    best: float
    at_edge: bool
    runs: int


def _tuned(config: Config, loss: Interpolated, chosen: Method, seed: Seed) -> Tuned:
    ends: dict[float, float] = {}

    def tried(sizes: tuple[float, ...], *key: int) -> None:
        runs = np.repeat(sizes, config.tuning_runs)
        course = _course(config, loss, chosen, runs, [config.steps], seed.stream("tuning", *key))
        means = np.log(course.losses[-1]).reshape(-1, config.tuning_runs).mean(axis=1)
        ends.update(zip(sizes, means.tolist(), strict=True))

    def best() -> float:
        return min(ends, key=lambda size: ends[size])

    tried(config.step_sizes)
    for more in range(config.extensions):
        if best() == max(ends):
            tried((best() * STEP_RATIO,), more)
        elif best() == min(ends):
            tried((best() / STEP_RATIO,), more)
        else:
            break
    return Tuned(best(), best() in (min(ends), max(ends)), len(ends) * config.tuning_runs)


def _course(
    config: Config,
    loss: Interpolated,
    chosen: Method,
    steps: FloatArray,
    records: list[int],
    rng: np.random.Generator,
) -> Course:
    def estimates(slopes: Slopes, points: FloatArray, memory: FloatArray) -> FloatArray:
        gradients = loss.gradients(points) if chosen.knows == "gradient" else np.zeros_like(points)
        return chosen.estimates(slopes, gradients, memory, rng)

    start = np.zeros((len(steps), loss.dim))
    return descend(loss, estimates, start, steps, records, config.mu, config.least_area)


def _errors(
    config: Config, loss: Interpolated, chosen: Method, gradient: FloatArray, rng: np.random.Generator
) -> FloatArray:
    start = np.zeros((config.estimates, loss.dim))
    exact = np.broadcast_to(gradient, start.shape)
    found = chosen.estimates(slopes_at(loss, start, config.mu), exact, np.zeros_like(start), rng)
    return np.sum((found - gradient) ** 2, axis=1) / np.sum(gradient**2)


def _slopes(config: Config, cell: Cell, seed: Seed, loss: Interpolated) -> tuple[dict[str, Any], int]:
    start = np.zeros(loss.dim)
    if cell["start"] == "jittered":
        start = loss.shape.jittered(config.jitter, seed.shared("start"))
    v = Rademacher(loss.dim).sample(config.directions, seed.shared("directions"))
    mus = config.mus
    (gradient,) = loss.gradients(start[None])
    table: dict[str, Any] = {"mu": mus, "gradient_size": float(np.linalg.norm(gradient))}
    if cell["name"] == "interpolated":
        table |= slopes.rows(loss, start, v, mus)
        table["slope_error"] = slopes.errors(loss, gradient, start, v, mus)
    else:
        table |= slopes.rows(Retriangulated.between(loss, config.reference_cells), start, v, mus)
    return table, (6 if cell["name"] == "interpolated" else 4) * len(mus) * config.directions


def _blocks(rings: tuple[int, ...]) -> tuple[int, ...]:
    """Return the rings' sizes, with the innermost vertex, if it is one, joined to the ring around it."""
    return (*rings[:-2], rings[-2] + rings[-1]) if rings[-1] == 2 and len(rings) > 1 else rings


EXPERIMENT = Experiment(
    title="a mesh moved by zeroth-order descent: all laws, queries matched, no triangle inverted",
    presets={
        "quick": Preset(Config(), seeds=4),
        "paper": Preset(Config(steps=200, runs=8), seeds=5),
    },
    cells=cells,
    run=run,
    source="arXiv 2510.19975, the mesh optimization task, as summarised",
    packages=("scikit-fem",),
)
