"""What figures of language-model share: names of methods, curves as medians over seeds with intervals."""

from pathlib import Path

import numpy as np

from paper_figs._adaptive import median
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, Series, Source
from zotheory.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INDIGO,
    OLIVE,
    ORANGE,
    PINK,
    SKY,
    VERMILLION,
    WINE,
    number,
)
from zotheory.types import FloatArray

FIRST_ORDER = "adamw"
LOOKS = {
    "zo-sgd/gaussian": ("Gaussian", GREY),
    "zo-sgd/sphere": ("sphere", BLACK),
    "zo-sgd/rademacher": ("Rademacher", INDIGO),
    "mezo/gaussian": ("MeZO", SKY),
    "mezo-bcd-cyclic/gaussian": ("MeZO-BCD cyclic", OLIVE),
    "mezo-bcd-importance/gaussian": ("MeZO-BCD importance", GREEN),
    "dap/sphere": ("DAP, both stages", BLUE),
    "dap-published/sphere": ("DAP, stage 2 only", ORANGE),
    "guided/sphere": ("guided", VERMILLION),
    "zo-adamm/sphere": ("ZO-AdaMM", WINE),
    "r-adazo/sphere": ("R-AdaZO", PINK),
    "published/gaussian": ("Gaussian", GREY),
    "published/uniform": ("uniform", BLACK),
    "published/rademacher": ("Rademacher", INDIGO),
    "published/dap": ("DAP", BLUE),
    FIRST_ORDER: ("AdamW", BLACK),
}
ZERO_SHOT = "before training"
# E|g|^2 = d |a|^2, for the Gaussian (d + 2) |a|^2.
ALIKE = ("zo-sgd/gaussian", "zo-sgd/sphere", "zo-sgd/rademacher")
# Columns of losses and accuracies on the development part, and how axes are called.
LOSS, ACCURACY = ("dev_loss", "loss, log scale"), ("dev_accuracy", "accuracy")
PASSES, SECONDS = ("passes", "forward passes"), ("cpu_seconds", "CPU seconds")


def named(method: str) -> tuple[str, str]:
    """Return a method's name and color; of one that has none its own name."""
    return LOOKS.get(method, (method, OLIVE))


def table(rows: Results, column: str) -> FloatArray:
    """Return a column of one task and method, shape (seeds, records).

    Seeds that stopped early, as diverged ones do, stay where they were.
    """
    found = [rows.where(seed=int(seed))[column].astype(float) for seed in np.unique(rows["seed"])]
    longest = max(map(len, found))
    return np.array([np.concatenate([one, np.full(longest - len(one), one[-1])]) for one in found])


def curve(rows: Results, x: str, y: str) -> Series:
    """Return medians over seeds at each record, with intervals by order statistics."""
    method = str(rows["method"][0])
    name, color = named(method)
    middle, low, high = np.array([median(values) for values in table(rows, y).T]).T
    places = np.median(table(rows, x), axis=0)
    if method == FIRST_ORDER:
        return Series(name, Kind.REFERENCE, places, middle, color, dashes="--")
    return Series(name, Kind.RUN, places, middle, color, low, high)


def panel(source: Source, task: str, x: tuple[str, str], y: tuple[str, str]) -> Panel:
    """Return the curves of all methods on a task, with first order and the start as references."""
    rows = source.results.where(task=task)
    found = [curve(rows.where(method=method), x[0], y[0]) for method in shown(source, task)]
    ends = np.array([0.0, max(float(one.column("x")[-1]) for one in found)])
    start = np.full(2, float(rows[y[0]][0]))
    found.append(Series(ZERO_SHOT, Kind.REFERENCE, ends, start, BLACK, dashes=":"))
    y_scale = "log" if y == LOSS else "linear"
    return Panel(title(task), x[1], y[1], found[::-1], y_scale=y_scale)


def title(task: str) -> str:
    """Return a task's name in short: what is tuned, and of which model if it is not the usual one."""
    model, _, subset = task.rpartition("/")
    return subset if model == "smollm2-135m" else f"{Path(model).name}/{subset}"


def shown(source: Source, task: str) -> list[str]:
    """Return the methods that were run on a task."""
    there = set(source.results.where(task=task)["method"].tolist())
    return [method for method in source.config.methods if method in there]


def last(source: Source, task: str, method: str) -> dict[str, FloatArray]:
    """Return what was scored on the test part at the end of each run."""
    rows = source.results.where(task=task, method=method)
    ends = [rows.where(seed=int(seed)) for seed in np.unique(rows["seed"])]
    names = (
        "test_loss",
        "test_accuracy",
        "test_calibrated",
        "cpu_seconds",
        "lr",
        "at_edge",
        "tuning_passes",
    )
    return {name: np.array([float(end[name][-1]) for end in ends]) for name in names}


def told(source: Source, task: str) -> str:
    """Return what a caption says of a task: medians on the test part, best loss first."""
    rows = source.results.where(task=task)
    ends = {method: last(source, task, method) for method in shown(source, task)}
    order = sorted(ends, key=lambda method: float(np.median(ends[method]["test_loss"])))
    listed = []
    for method in order:
        loss, low, high = median(ends[method]["test_loss"])
        plain, calibrated = (median(ends[method][name])[0] for name in ("test_accuracy", "test_calibrated"))
        listed.append(
            f"{named(method)[0]} {number(loss)} [{number(low)}, {number(high)}], {number(plain)}, "
            f"{number(calibrated)}"
        )
    start = {name: float(rows[f"start_{name}"][0]) for name in ("loss", "accuracy", "calibrated")}
    return (
        f"{task}: test loss [interval], accuracy, calibrated accuracy; before training "
        f"{number(start['loss'])}, {number(start['accuracy'])}, {number(start['calibrated'])}; "
        f"{'; '.join(listed)}."
    )


def rates(source: Source) -> str:
    """Return how learning rates were chosen."""
    config = source.config
    if not any(config.tuning_passes):
        return f"One learning rate for all methods: {', '.join(number(lr) for lr in config.lr)}."
    cells = [(task, method) for task in config.tasks for method in shown(source, task)]
    ends = [last(source, *cell) for cell in cells]
    spent = [int(end["tuning_passes"][0]) for end in ends]
    edge = sum(bool(end["at_edge"][0]) for end in ends)
    runs = "one run" if config.tuning_seeds == 1 else f"{config.tuning_seeds} runs"
    apart = max((apart_by(source, task) for task in config.tasks), default=1.0)
    chance = (
        f" Rates of Gaussian, sphere and Rademacher, which theory has alike, came out up to a factor of "
        f"{number(apart)} apart: so much of the order of methods may be chance."
        if apart > config.tuning_ratio
        else ""
    )
    return (
        f"Learning rates by the least development loss of {runs} of {joined(config.tuning_passes)} passes "
        f"at each, on a grid of ratio {number(config.tuning_ratio)} that grows until the best is inside "
        f"({edge} of {len(cells)} did not get there); that took {min(spent)} to {max(spent)} passes a "
        "method, not counted here, and intervals do not contain that another tuning may choose another."
        + chance
    )


def apart_by(source: Source, task: str) -> float:
    """Return the largest over the smallest rate that was chosen for laws of nearly one second moment."""
    alike = [method for method in shown(source, task) if method in ALIKE]
    rates = [float(last(source, task, method)["lr"][0]) for method in alike]
    return max(rates, default=1.0) / min(rates, default=1.0)


def joined(values: tuple[int, ...]) -> str:
    """Return numbers, each once."""
    return " or ".join(map(str, dict.fromkeys(values)))
