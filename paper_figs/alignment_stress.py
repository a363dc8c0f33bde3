"""Errors of laws whose rough direction is wrong: at an angle to the gradient, or lost in noise."""

import numpy as np

from paper_figs._laws import look
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
                if stress == "noise":
                    results = results.where(level=[one for one in np.unique(results["level"]) if one > 0])
                sphere = pooled(results.where(law="sphere"), "level", f"predicted_{kind}")
                unit, x = sphere.mean, sphere.x
                lines, points = [], []
                for law, (name, color) in laws(source).items():
                    rows = results.where(law=law)
                    theory = pooled(rows, "level", f"predicted_{kind}")
                    error = pooled(rows, "level", kind, f"{kind}_standard_error")
                    seen = np.where(error.mean > 1e-12, 1.0, np.nan)
                    lines.append(Series(name, Kind.THEORY, x, seen * theory.mean / unit, color))
                    y = [seen * values / unit for values in (error.mean, error.low, error.high)]
                    points.append(Series(name, Kind.MEASURED, x, y[0], color, y[1], y[2]))
                ones = Series("sphere", Kind.THEORY, x, np.ones(len(x)), BLACK, dashes=":")
                found.append(
                    Panel(
                        f"{kind_name}, d = {dim}",
                        AXES[stress],
                        "error over sphere's" if stress == "angle" else "error over sphere's, noise",
                        [ones, *lines, *points],
                        x_scale="log" if stress == "noise" else "linear",
                        y_scale="log",
                    )
                )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "Errors of single draws over those of the sphere (dotted), for a rough direction at a given angle "
        f"to the gradient, and for one from {source.config.probes} noisy difference quotients, of whose "
        "mean square the part |∇f|²/(|∇f|² + σ²) is signal. A guided law probes along its direction as "
        "often as the alignment asks for that it believes in."
    ]
    for stress in stresses(source):
        for dim in dims(source):
            rows = source.results.where(stress=stress, dim=dim)
            worst = float(rows["level"].max() if stress == "angle" else rows["level"].min())
            end = rows.where(level=worst)
            unit = float(end.where(law="sphere")["total"].mean())
            values = [f"{name} {number(_mean(end, law) / unit)}" for law, (name, _) in laws(source).items()]
            where = f"at {number(worst)} degrees" if stress == "angle" else f"at signal {number(worst)}"
            said.append(f"Total error {where}, d = {dim}: {'; '.join(values)}.")
    if "angle" in stresses(source):
        for dim in dims(source):
            rows = source.results.where(stress="angle", dim=dim)
            sphere, aligned = (
                pooled(rows.where(law=law), "level", "along", "along_standard_error")
                for law in ("sphere", "aligned-sphere")
            )
            harmed = sphere.x[aligned.low > sphere.high]
            low, high = (float(rows[f"break_even_{end}"][0]) for end in ("low", "high"))
            angles = sorted(float(np.degrees(np.arccos(np.sqrt(square)))) for square in (low, high))
            listed = ", ".join(number(angle) for angle in harmed) or "none of the angles"
            said.append(
                f"Along the gradient, d = {dim}, the interval of DAP lies above that of the sphere at "
                f"{listed}; it should between {number(angles[0])} and {number(angles[1])} degrees."
            )
    return said


def _mean(rows: object, law: str) -> float:
    return float(rows.where(law=law)["total"].mean())  # type: ignore[attr-defined]


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
