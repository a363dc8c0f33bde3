"""Descent with every law: inside the bounds at one step for all, and with the best step of each law."""

from dataclasses import replace

import numpy as np

from paper_figs._laws import look
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, Summary, over_seeds, pooled
from zotheory.plotting.style import number

LAWS = (
    "sphere",
    "gaussian",
    "frame",
    "two-stage-combined",
    "two-stage-refined",
    "aligned-exact",
    "two-atom-exact",
)
# Bounds of these are drawn; that of the sphere is the bound of aligned laws too.
BOUNDED = ("sphere", "gaussian", "frame", "two-stage-refined", "two-atom-exact")
# Their expectations differ from those of the sphere, and are known on quadratics.
EXPECTED = ("sphere", "gaussian", "frame", "two-stage-refined")
MATCHED, RAISED, TUNED = "matched", "raised", "tuned"
NAMES = {MATCHED: "small step", RAISED: "large step"}
# Of the first loss: less is cut off.
LEAST = 1e-10
LIMITS = (LEAST / 3, 30.0)


def slopes(source: Source, problem: str, rule: str) -> Panel:
    """Return mean squared gradients of all laws at one step, with bounds or expectations."""
    lines, curves = [], []
    unit = 0.0
    for law in LAWS:
        rows, style = source.results.where(problem=problem, law=law, step_rule=rule), look(law)
        rows = rows.where(time=[time for time in np.unique(rows["time"]) if time > 0])
        slope = pooled(rows, "time", "slope", "slope_standard_error")
        unit = unit or float(slope.mean[0])
        curves.append(
            Series(
                style.name,
                Kind.RUN,
                slope.x,
                slope.mean / unit,
                style.color,
                slope.low / unit,
                slope.high / unit,
            )
        )
        if law in (BOUNDED if rule == MATCHED else EXPECTED):
            bound = pooled(rows, "time", "slope_bound" if rule == MATCHED else "exact_slope")
            if np.isfinite(bound.mean).any():
                line = bound.mean / unit
                lines.append(Series(style.name, Kind.THEORY, bound.x, line, style.color, dashes="--"))
    return Panel(problem, "step T", f"{NAMES[rule]}:\nmean |∇f|² / first", [*curves, *lines], y_scale="log")


def losses(source: Source, problem: str) -> Panel:
    """Return median losses of all laws, each with its best step, over that of the first recorded step."""
    curves = []
    for law in LAWS:
        style = look(law)
        loss = tuned_loss(source, problem, law)
        curves.append(Series(style.name, Kind.RUN, loss.x, loss.mean, style.color, loss.low, loss.high))
    return Panel(problem, "step T", "best steps:\nloss / first", curves, y_scale="log", y_limits=LIMITS)


def tuned_loss(source: Source, problem: str, law: str) -> Summary:
    """Return medians over runs, geometric means over seeds, and their range over seeds.

    Not intervals of the mean: another step chosen by tuning makes a few seeds far from the others.
    """
    rows = source.results.where(problem=problem, law=law, step_rule=TUNED)
    unit = rows.where(time=rows["time"].min())["median_loss"].mean()
    relative = np.clip(rows["median_loss"] / unit, LEAST, None)
    relative_rows = Results({**rows.columns, "relative": relative}, rows.facts)
    mean = over_seeds(relative_rows, "time", "relative", geometric=True)
    each = [relative_rows.where(time=time)["relative"] for time in mean.x.tolist()]
    return replace(mean, low=np.array([x.min() for x in each]), high=np.array([x.max() for x in each]))


def panels(source: Source) -> list[Panel]:
    """Return a row of panels with one step for all laws, and one with the best step of each."""
    problems = source.config.problems
    rules = [rule for rule in (MATCHED, RAISED) if rule in source.config.step_rules]
    found = [slopes(source, problem, rule) for rule in rules for problem in problems]
    if TUNED in source.config.step_rules:
        found += [losses(source, problem) for problem in problems]
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "One step size for all laws: mean over t < T of |∇f(x_t)|² (bands) over that "
        "of the first step. Small step: its bound (dashed; the sphere's for exact DAP and both stages). "
        f"Large step, {number(source.config.raised_share)} of the sphere's largest stable one at first: "
        "its expectation on quadratics (dashed). "
        "The best step of each law: "
        f"median loss over that at the first step, cut off at {number(LEAST)}; "
        "there bands are ranges over seeds."
    ]
    if MATCHED in source.config.step_rules:
        rows = source.results.where(step_rule=MATCHED)
        rows = rows.where(time=[time for time in np.unique(rows["time"]) if time > 0])
        bounded = np.isfinite(rows["slope_bound"])
        measured, bound = rows["slope"][bounded], rows["slope_bound"][bounded]
        above = measured - 1.96 * rows["slope_standard_error"][bounded] > bound
        said.append(
            f"Of {len(measured)} means with a bound {int(np.sum(above))} lie above it by more than 1.96 "
            "standard errors (2.5% would be chance); the largest is "
            f"{number(float((measured / bound).max()))} of its bound."
        )
    if RAISED in source.config.step_rules:
        for problem in source.config.problems:
            values = sorted((over_sphere(source, problem, law), look(law).name) for law in LAWS[1:])
            listed = "; ".join(f"{name} {number(value)}" for value, name in values)
            said.append(f"Large step, {problem}, mean |∇f|² over the sphere's: {listed}.")
    if TUNED in source.config.step_rules:
        edges = source.results.where(step_rule=TUNED)
        if edges["at_edge"].any():
            at = edges["at_edge"].astype(bool)
            chosen = set(zip(edges["problem"][at].tolist(), edges["law"][at].tolist(), strict=True))
            listed = "; ".join(sorted(f"{look(law).name} ({problem})" for problem, law in chosen))
            said.append(f"Best steps at an edge of the grid: {listed}.")
        said.append(_luck(source))
        for problem in source.config.problems:
            ends = sorted((float(end.mean[-1]), name, end) for name, end in _tuned_ends(source, problem))
            listed = "; ".join(f"{name} {_told(end)}" for _, name, end in ends)
            said.append(f"Last, {problem}, with ranges over seeds: {listed}.")
    return said


def _tuned_ends(source: Source, problem: str) -> list[tuple[str, Summary]]:
    return [(look(law).name, tuned_loss(source, problem, law)) for law in LAWS]


def _luck(source: Source) -> str:
    """Return what tuning cannot tell apart: how far seeds of one law are from each other."""
    apart, where = max(
        (float(end.high[-1] / end.low[-1]), f"{name}, {problem}")
        for problem in source.config.problems
        for name, end in _tuned_ends(source, problem)
    )
    return (
        f"{source.config.tuning_trials} runs choose each best step, from a grid of ratio 2: seeds of "
        f"one law end up to {number(apart, 2)} times apart ({where}), and differences of laws below "
        "about a factor of 10 are not decided where ranges overlap."
    )


def over_sphere(source: Source, problem: str, law: str) -> float:
    """Return the mean squared gradient over the whole run with the large step over the sphere's."""
    rows = source.results.where(problem=problem, step_rule=RAISED)
    last = rows.where(time=int(rows["time"].max()))
    return float(last.where(law=law)["slope"].mean() / last.where(law="sphere")["slope"].mean())


def _told(end: Summary) -> str:
    mean, low, high = (float(part[-1]) for part in (end.mean, end.low, end.high))
    if high <= LEAST * (1 + 1e-9):
        return f"at most {number(LEAST)}"
    return f"{number(mean)} ({number(low, 2)} to {number(high, 2)})"


FIGURE = PaperFigure(
    experiment="sgd-synthetic",
    title="Descent with every law, inside its bounds",
    panels=panels,
    facts=facts,
    columns=5,
    narrowest=0.95,
    height=0.95,
    legend=True,
)
