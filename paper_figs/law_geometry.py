"""Perturbations around a gradient in the plane, law by law."""

import numpy as np
from numpy.typing import NDArray

from paper_figs._laws import look
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLACK, number

GRADIENT = "dense"
# More would only cover each other. Equally many of each seed.
DRAWS = 400
LONGEST = 3.2


def draws(source: Source, law: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both entries of the draws that are shown of a law, seed by seed."""
    rows = source.results.where(view="plane", gradient=GRADIENT, law=law)
    each = max(DRAWS // source.seeds, 1)
    shown = np.concatenate([np.flatnonzero(rows["seed"] == seed)[:each] for seed in range(source.seeds)])
    return rows["first"][shown], rows["second"][shown]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each law: draws, and the direction of the gradient."""
    found = []
    for law in source.config.laws:
        first, second = draws(source, law)
        style = look(law)
        arrow = np.array([0.0, LONGEST / np.sqrt(2)])
        along = Series("gradient", Kind.REFERENCE, arrow, arrow, BLACK, label="∇f")
        dots = Series(style.name, Kind.SAMPLES, first, second, style.color)
        limits = (-LONGEST, LONGEST)
        found.append(
            Panel(
                style.name, "$v_1$", "$v_2$", [along, dots], x_limits=limits, y_limits=limits, square=True
            )
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "Perturbations v with E[v vᵀ] = I around a gradient along (1, 1), whose direction the line shows, "
        "in the plane; draws beyond the frame are not shown. "
        f"{source.seeds} seeds, each with a guide of its own. s is the square of v's part along the "
        "gradient, n = |v|²; means over the draws."
    ]
    for law in source.config.laws:
        first, second = draws(source, law)
        s, n = (first + second) ** 2 / 2, first**2 + second**2
        # Round-off of a covariance of 0 is not told, nor its sign.
        covariance = round(float(np.mean(s * n) - np.mean(s) * np.mean(n)), 3) + 0.0
        product = number(float(np.mean(s * n)))
        said.append(
            f"{look(law).name}: E[s n] = {product}, Cov(s, n) = {number(covariance, 2)} in {len(s)} draws."
        )
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
