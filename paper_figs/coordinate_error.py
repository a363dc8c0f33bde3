"""On which coordinates each law puts its error, against theory."""

import numpy as np

from paper_figs._laws import look
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, pooled
from zotheory.plotting.style import BLUE, GREEN, VERMILLION, number

COLORS = {"sparse": BLUE, "decaying": VERMILLION, "dense": GREEN}


# Smaller errors are left out: most of them are 0.
LEAST, MOST = 5e-4, 3.0


def methods(source: Source) -> list[str]:
    """Return what is shown: of both complements of aligned draws only the one of fixed length."""
    return [name for name in source.config.methods if name != "dap-exact-gaussian"]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each law: errors of the coordinates for each gradient."""
    found = []
    for law in methods(source):
        lines, points = [], []
        for gradient in source.config.gradients:
            rows = source.results.where(view="coordinates", gradient=gradient, law=law)
            theory = pooled(rows, "index", "predicted_error")
            error = pooled(rows, "index", "error", "standard_error")
            color, x = COLORS[gradient], error.x + 1
            line = np.where(theory.mean >= LEAST, theory.mean, np.nan)
            lines.append(Series(gradient, Kind.THEORY, x, line, color))
            label = gradient if not found else ""
            shown = np.where(error.mean >= LEAST, error.mean, np.nan)
            points.append(Series(gradient, Kind.MEASURED, x, shown, color, error.low, error.high, label))
        found.append(
            Panel(
                look(law).name,
                "coordinate",
                "mean square error",
                [*lines, *points],
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
    rows = source.results.where(view="coordinates")
    spread, off = rows["standard_error"], np.abs(rows["error"] - rows["predicted_error"])
    known = spread > 0
    off_by = off[known] / spread[known]
    said.append(
        f"Of {known.sum()} errors {number(100 * float(np.mean(off_by <= 1.96)))}% lie within 1.96 standard "
        f"errors of theory; the farthest is {number(float(off_by.max()))} off."
    )
    for gradient in config.gradients:
        totals = []
        for law in methods(source):
            chosen = rows.where(gradient=gradient, law=law)
            totals.append((float(chosen["error"].sum()) / source.seeds, look(law).name))
        totals.sort()
        best = "; ".join(f"{name} {number(total)}" for total, name in totals)
        said.append(f"Error in all, {gradient}: {best}.")
    return said


FIGURE = PaperFigure(
    experiment="law-geometry",
    title="Where each law puts its error",
    panels=panels,
    facts=facts,
    columns=4,
    narrowest=1.0,
    height=0.85,
)
