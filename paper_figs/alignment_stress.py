"""Errors of laws whose rough direction is wrong: at an angle to the gradient, or lost in noise."""

import numpy as np

from paper_figs._laws import look
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, pooled
from zotheory.plotting.style import BLACK, GREEN, ORANGE, PINK, SKY, VERMILLION, number

# The colours of what uses the direction; the sphere is the unit.
COLORS = {
    "aligned-sphere": VERMILLION,
    "aligned-gaussian": ORANGE,
    "guided-known": GREEN,
}
GUIDED_COLORS = (SKY, PINK)
KINDS = {"along": "along ∇f", "total": "total"}
# Errors below are round-off of 0.
ZERO = 1e-12
AXES = {"angle": "angle to ∇f, degrees", "noise": "signal in a quotient"}


def laws(source: Source) -> dict[str, tuple[str, str]]:
    """Return names for labels and colours of the laws that are shown."""
    beliefs = source.config.beliefs
    chosen = [beliefs[i] for i in sorted({0, len(beliefs) - 1})] if beliefs else []
    found = {name: (name.replace("-", ", "), color) for name, color in COLORS.items()}
    found["aligned-sphere"] = ("DAP", VERMILLION)
    found["aligned-gaussian"] = (f"DAP, {look('gaussian').name}", ORANGE)
    found["guided-known"] = ("guided, right belief", GREEN)
    for belief, color in zip(chosen, GUIDED_COLORS, strict=False):
        found[f"guided-{belief:g}"] = (f"guided, believes {belief:g}", color)
    return found


def dims(source: Source) -> list[int]:
    """Return the smallest and the largest dimension."""
    return sorted({min(source.config.dims), max(source.config.dims)})


def stresses(source: Source) -> list[str]:
    """Return the stresses that were measured."""
    given = {"angle": source.config.angles, "noise": source.config.signals}
    return [name for name, values in given.items() if values]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each stress, kind of error and dimension, in units of the sphere's error."""
    found = []
    for stress in stresses(source):
        for kind, kind_name in KINDS.items():
            for dim in dims(source):
                results = source.results.where(stress=stress, dim=dim)
                sphere = results.where(law="sphere")
                unit = pooled(sphere, "level", f"predicted_{kind}")
                x, drawn = unit.x, unit.x > 0 if stress == "noise" else unit.x >= 0
                lines, points, told = [], [], []
                for law, (name, color) in laws(source).items():
                    rows = results.where(law=law)
                    theory = pooled(rows, "level", f"predicted_{kind}")
                    error = pooled(rows, "level", kind, f"{kind}_standard_error")
                    # Neither errors of 0 nor a signal of 0 have a place on logarithmic axes.
                    shown = drawn & (error.mean > ZERO)
                    line = theory.mean / unit.mean
                    lines.append(Series(name, Kind.THEORY, x[shown], line[shown], color))
                    y, low, high = (end / unit.mean for end in (error.mean, error.low, error.high))
                    points.append(
                        Series(name, Kind.MEASURED, x[shown], y[shown], color, low[shown], high[shown])
                    )
                    told.append(
                        Series(name, Kind.TOLD, x[~shown], y[~shown], color, low[~shown], high[~shown])
                    )
                own = pooled(sphere, "level", kind, f"{kind}_standard_error")
                y, low, high = (end / unit.mean for end in (own.mean, own.low, own.high))
                told.append(Series("sphere", Kind.TOLD, x, y, BLACK, low, high))
                if stress == "angle" and kind == "along":
                    ends = break_even(results)
                    told.append(Series("DAP, break-even", Kind.TOLD, ends, np.ones(2), BLACK))
                ones = Series("sphere", Kind.THEORY, x[drawn], np.ones(drawn.sum()), BLACK, dashes=":")
                found.append(
                    Panel(
                        f"{kind_name}, d = {dim}",
                        AXES[stress],
                        "error over sphere's" if stress == "angle" else "error over sphere's, noise",
                        [ones, *lines, *points, *told],
                        x_scale="log" if stress == "noise" else "linear",
                        y_scale="log",
                    )
                )
    return found


def break_even(results: Results) -> list[float]:
    """Return the angles between which DAP should have more error along the gradient than the sphere."""
    squares = (float(results[f"break_even_{end}"][0]) for end in ("low", "high"))
    return sorted(float(np.degrees(np.arccos(np.sqrt(square)))) for square in squares)


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "Errors of single draws over those of the sphere (dotted), for a rough direction at a given angle "
        f"to the gradient, and for one from {source.config.probes} noisy difference quotients, of whose "
        "mean square the part |∇f|²/(|∇f|² + σ²) is signal. A guided law probes along its direction as "
        "often as the alignment asks for that it believes in. Errors of 0 are not drawn."
    ]
    names = {law: name for law, (name, _) in laws(source).items()}
    if "angle" in stresses(source):
        rows = source.results.where(stress="angle", level=min(source.config.angles))
        none = [name for law, name in names.items() if rows.where(law=law)["along"].max() <= ZERO]
        if none:
            at = f"At {number(min(source.config.angles))} degrees"
            said.append(f"{at} there is no error along the gradient with {' and '.join(none)}.")
    for stress in stresses(source):
        for dim in dims(source):
            rows = source.results.where(stress=stress, dim=dim)
            worst = float(rows["level"].max() if stress == "angle" else rows["level"].min())
            end = rows.where(level=worst)
            unit = float(end.where(law="sphere")["predicted_total"].mean())
            values = [
                f"{name} {number(float(end.where(law=law)['total'].mean()) / unit)}"
                for law, name in names.items()
            ]
            where = f"at {number(worst)} degrees" if stress == "angle" else f"at signal {number(worst)}"
            where += " (not drawn)" if stress == "noise" and worst == 0 else ""
            said.append(f"Total error {where}, d = {dim}: {'; '.join(values)}.")
    if "angle" in stresses(source):
        for dim in dims(source):
            rows = source.results.where(stress="angle", dim=dim)
            sphere, aligned = (
                pooled(rows.where(law=law), "level", "along", "along_standard_error")
                for law in ("sphere", "aligned-sphere")
            )
            harmed = sphere.x[aligned.low > sphere.high]
            angles = break_even(rows)
            listed = ", ".join(number(angle) for angle in harmed) or "none of the angles"
            said.append(
                f"Along the gradient, d = {dim}, the interval of DAP lies above that of the sphere at "
                f"{listed}; by theory its error is the larger one between {number(angles[0])} and "
                f"{number(angles[1])} degrees."
            )
    return said


FIGURE = PaperFigure(
    experiment="alignment-stress",
    title="What a wrong direction costs",
    panels=panels,
    facts=facts,
    columns=4,
    narrowest=1.3,
    height=0.9,
    legend=True,
)
