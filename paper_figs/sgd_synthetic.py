"""Descent with every law: inside the bounds at one step for all, and with the best step of each law."""

import numpy as np

from paper_figs._laws import Look
from paper_figs._laws import look as usual_look
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, Summary, over_seeds, pooled
from zotheory.plotting.style import number

LAWS = ("sphere", "gaussian", "frame", "two-stage", "aligned-exact", "two-atom-exact")
# Bounds of these are drawn; that of the sphere is the bound of aligned laws too.
BOUNDED = ("sphere", "gaussian", "frame", "two-atom-exact")
MATCHED, TUNED = "matched", "tuned"
# Of the first loss: less is cut off.
LEAST = 1e-10
LIMITS = (LEAST / 3, 30.0)


def look(law: str) -> Look:
    """Return how a law is drawn: in this experiment "two-stage" is the combination of both stages."""
    return usual_look("two-stage-combined" if law == "two-stage" else law)


def slopes(source: Source, problem: str) -> Panel:
    """Return mean squared gradients of all laws at one step, with their bounds."""
    lines, curves = [], []
    unit = 0.0
    for law in LAWS:
        rows, style = source.results.where(problem=problem, law=law, step_rule=MATCHED), look(law)
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
        if law in BOUNDED:
            bound = pooled(rows, "time", "slope_bound")
            lines.append(
                Series(style.name, Kind.THEORY, bound.x, bound.mean / unit, style.color, dashes="--")
            )
    return Panel(problem, "step T", "one step:\nmean |∇f|² / first", [*curves, *lines], y_scale="log")


def losses(source: Source, problem: str) -> Panel:
    """Return median losses of all laws, each with its best step, over that of the first recorded step."""
    curves = []
    for law in LAWS:
        style = look(law)
        loss = tuned_loss(source, problem, law)
        curves.append(Series(style.name, Kind.RUN, loss.x, loss.mean, style.color, loss.low, loss.high))
    return Panel(problem, "step T", "best steps:\nloss / first", curves, y_scale="log", y_limits=LIMITS)


def tuned_loss(source: Source, problem: str, law: str) -> Summary:
    """Return medians over runs, geometric means over seeds."""
    rows = source.results.where(problem=problem, law=law, step_rule=TUNED)
    unit = rows.where(time=rows["time"].min())["median_loss"].mean()
    relative = np.clip(rows["median_loss"] / unit, LEAST, None)
    return over_seeds(
        Results({**rows.columns, "relative": relative}, rows.facts), "time", "relative", geometric=True
    )


def panels(source: Source) -> list[Panel]:
    """Return a row of panels with one step for all laws, and one with the best step of each."""
    problems = source.config.problems
    found = [slopes(source, problem) for problem in problems] if MATCHED in source.config.step_rules else []
    if TUNED in source.config.step_rules:
        found += [losses(source, problem) for problem in problems]
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "One step size for all laws: mean over t < T of |∇f(x_t)|² (bands) over that "
        "of the first step, and its bound (dashed), that of the sphere for DAP too. "
        "The best step of each law: "
        f"median loss over that at the first step, cut off at {number(LEAST)}."
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
    if TUNED in source.config.step_rules:
        for problem in source.config.problems:
            values = sorted(
                (float(tuned_loss(source, problem, law).mean[-1]), look(law).name) for law in LAWS
            )
            listed = "; ".join(f"{name} {_told(value)}" for value, name in values)
            said.append(f"Last, {problem}: {listed}.")
    return said


def _told(loss: float) -> str:
    return f"at most {number(LEAST)}" if loss <= LEAST * (1 + 1e-9) else number(loss)


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
