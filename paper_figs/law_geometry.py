"""Perturbations around a gradient in the plane, law by law."""

import numpy as np

from paper_figs._laws import look
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLACK, number

GRADIENT = "dense"
# More would only cover each other.
DRAWS = 300
LONGEST = 3.2


def panels(source: Source) -> list[Panel]:
    """Return a panel for each law: draws, and the direction of the gradient."""
    found = []
    for law in source.config.laws:
        rows = source.results.where(view="plane", gradient=GRADIENT, law=law)
        first, second = rows["first"][:DRAWS], rows["second"][:DRAWS]
        style = look(law)
        arrow = np.array([0.0, LONGEST / np.sqrt(2)])
        along = Series("gradient", Kind.THEORY, arrow, arrow, BLACK, label="∇f" if not found else "")
        draws = Series(style.name, Kind.SAMPLES, first, second, style.color)
        limits = (-LONGEST, LONGEST)
        found.append(
            Panel(
                style.name, "$v_1$", "$v_2$", [along, draws], x_limits=limits, y_limits=limits, square=True
            )
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "Perturbations v with E[v vᵀ] = I around a gradient along (1, 1), up to "
        f"{DRAWS} draws of each law in the plane; those beyond the frame are not shown. "
        f"{source.seeds} seeds, each with a guide of its own."
    ]
    for law in source.config.laws:
        rows = source.results.where(view="plane", gradient=GRADIENT, law=law)
        s, n = rows["along"] ** 2, rows["along"] ** 2 + rows["across"] ** 2
        covariance = float(np.mean(s * n) - np.mean(s) * np.mean(n))
        second = f"E[s n] = {number(float(np.mean(s * n)))}, Cov(s, n) = {number(round(covariance, 9), 2)}"
        said.append(f"{look(law).name}: {second} in {len(s)} draws.")
    return said


FIGURE = PaperFigure(
    experiment="law-geometry",
    title="What each law draws around a gradient",
    panels=panels,
    facts=facts,
    columns=5,
    narrowest=0.8,
    height=0.9,
)
