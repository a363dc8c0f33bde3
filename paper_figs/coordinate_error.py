"""On which coordinates each law puts its error, against theory."""

import numpy as np

from paper_figs._laws import look
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, pooled
from zotheory.plotting.style import BLUE, GREEN, VERMILLION, number

COLORS = {"sparse": BLUE, "decaying": VERMILLION, "dense": GREEN}


# Smaller errors are not drawn: most of them are 0.
LEAST, MOST = 5e-4, 3.0
ROUND_OFF = 1e-9


def methods(source: Source) -> list[str]:
    """Return what is shown: of both complements of aligned draws only the one of fixed length."""
    return [name for name in source.config.methods if name != "dap-exact-gaussian"]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each law: errors of the coordinates for each gradient."""
    found = []
    for law in methods(source):
        lines, points, told = [], [], []
        for gradient in source.config.gradients:
            rows = source.results.where(view="coordinates", gradient=gradient, law=law)
            theory = pooled(rows, "index", "predicted_error")
            error = pooled(rows, "index", "error", "standard_error")
            color, x = COLORS[gradient], error.x + 1
            line = np.where(theory.mean >= LEAST, theory.mean, np.nan)
            lines.append(Series(gradient, Kind.THEORY, x, line, color))
            label = gradient if not found else ""
            ends = (error.mean, error.low, error.high)
            mean, low, high = (np.where(error.mean >= LEAST, end, np.nan) for end in ends)
            points.append(Series(gradient, Kind.MEASURED, x, mean, color, low, high, label))
            hidden = error.mean < LEAST
            told.append(Series(gradient, Kind.TOLD, x[hidden], error.mean[hidden], color))
        found.append(
            Panel(
                look(law).name,
                "coordinate",
                "mean square error",
                [*lines, *points, *told],
                y_scale="log",
                y_limits=(LEAST, MOST),
            )
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    said = [
        f"Mean square error of each coordinate of estimates from {config.batch} perturbations in dimension "
        f"{config.dim}, for gradients of length 1 with one entry, with entries that fall to a hundredth, "
        f"and with equal entries; those below {number(LEAST)} are not shown."
    ]
    inside, count, farthest = against_theory(panels(source))
    said.append(
        f"Of {count} intervals {number(100 * inside / count)}% hold theory; it is at most "
        f"{number(farthest)} times half an interval away from the point. Errors that are the same in all "
        "draws have no interval."
    )
    rows = source.results.where(view="coordinates")
    for gradient in config.gradients:
        totals = []
        for law in methods(source):
            chosen = rows.where(gradient=gradient, law=law)
            totals.append((float(chosen["error"].sum()) / source.seeds, look(law).name))
        totals.sort()
        best = "; ".join(f"{name} {number(total)}" for total, name in totals)
        said.append(f"Error in all, {gradient}: {best}.")
    return said


def against_theory(drawn: list[Panel]) -> tuple[int, int, float]:
    """Return how many intervals hold theory, of how many, and the largest distance in half intervals."""
    distances = []
    for panel in drawn:
        of = {(series.name, series.kind): series for series in panel.series}
        for name in COLORS:
            line, points = of.get((name, Kind.THEORY)), of.get((name, Kind.MEASURED))
            if line is None or points is None:
                continue
            half = (points.column("high") - points.column("low")) / 2
            # Where all draws have one error, the interval is round-off.
            known = (half > ROUND_OFF * points.column("y")) & np.isfinite(line.column("y"))
            away = np.abs(points.column("y") - line.column("y"))
            distances.append(away[known] / half[known])
    every = np.concatenate(distances)
    return int((every <= 1).sum()), len(every), float(every.max())


FIGURE = PaperFigure(
    experiment="law-geometry",
    title="Where each law puts its error",
    panels=panels,
    facts=facts,
    columns=4,
    narrowest=1.0,
    height=0.85,
)
