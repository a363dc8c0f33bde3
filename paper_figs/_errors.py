"""Panels of errors against the batch, as two figures of estimation-error draw them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from paper_figs._laws import look
from zotheory.plotting.paper import Kind, Panel, Series, Source, pooled
from zotheory.plotting.style import number

ERRORS = {"total": "total", "tau_mse": "large entries", "directional": "along ∇f"}
# In units of |grad f|^2: less is round-off of an error that is 0.
ROUND_OFF = 1e-20


def shown_functions(source: Source) -> list[str]:
    """Return the functions; both quadratics have one error in the limit mu -> 0, so one is shown."""
    return [name for name in source.config.functions if name != "definite"] or list(source.config.functions)


def error_panels(source: Source, methods: Sequence[str]) -> list[Panel]:
    """Return a panel for each function and kind of error, in the limit mu -> 0 where it was measured."""
    found = []
    for function in shown_functions(source):
        chosen = source.results.where(function=function, mu=min(source.config.mus))
        label = f"{function}, d = {source.config.dim(function)}\nB · error / |∇f|²"
        for kind, name in ERRORS.items():
            lines, points = [], []
            for method in methods:
                rows, style = chosen.where(method=method), look(method)
                theory = pooled(rows, "batch", f"predicted_{kind}")
                error = pooled(rows, "batch", kind, f"{kind}_standard_error")
                b = error.x
                mean, low, high = (b * _visible(values) for values in (error.mean, error.low, error.high))
                lines.append(Series(style.name, Kind.THEORY, b, b * _visible(theory.mean), style.color))
                points.append(
                    Series(style.name, Kind.MEASURED, b, mean, style.color, low, high, marker=style.marker)
                )
            found.append(
                Panel(name, "perturbations B", label, [*lines, *points], x_scale="log", y_scale="log")
            )
    return found


def error_facts(source: Source, methods: Sequence[str]) -> list[str]:
    """Return the errors at the smallest and the largest batch, as measured."""
    said = []
    batches = source.config.batches
    mu = min(source.config.mus)
    for function in shown_functions(source):
        for batch in dict.fromkeys((batches[0], batches[-1])):
            rows = source.results.where(function=function, mu=mu, batch=batch)
            values = sorted(
                (float(rows.where(method=method)["total"].mean()), look(method).name) for method in methods
            )
            listed = "; ".join(f"{name} {_told(value)}" for value, name in values)
            said.append(f"Total error, {function}, B = {batch}: {listed}.")
    return said


def _visible(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(errors > ROUND_OFF, errors, np.nan)


def _told(error: float) -> str:
    return number(error) if error > ROUND_OFF else "0"
