"""A comparison of DAP with other laws: what was measured of each, and what theory says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from zotheory.types import FloatArray

# Relative squared errors below this are what mu and rounding leave: at the mu of the synthetic problems
# about 1e-15 to 1e-10, while a law's own error is above 1e-3 or exactly 0.
ROUNDING = 1e-8


@dataclass(frozen=True, eq=False)
class Comparison:
    """Errors or losses, lower is better, of several laws; DAP is named "aligned".

    Attributes:
        measured: by law, at each point or of each run, shape (points,).
        predicted: by law, the expected mean over the points; NaN or missing where there is no theory.
        queries: by law, function values of one estimate.
        evaluations: function values asked for in all.
    """

    measured: Mapping[str, FloatArray]
    queries: Mapping[str, int]
    evaluations: int
    predicted: Mapping[str, float] = field(default_factory=dict)

    def columns(self) -> dict[str, list[float] | list[str]]:
        """Return a row for each other law; see `run`."""
        others = [name for name in self.measured if name != "aligned"]
        mean = {name: float(np.mean(values)) for name, values in self.measured.items()}
        known = {name: self.predicted.get(name, float("nan")) for name in self.measured}
        return {
            "baseline": others,
            "aligned": [mean["aligned"]] * len(others),
            "aligned_standard_error": [_standard_error(self.measured["aligned"])] * len(others),
            "other": [mean[name] for name in others],
            "other_standard_error": [_standard_error(self.measured[name]) for name in others],
            "advantage": [advantage(mean["aligned"], mean[name]) for name in others],
            "predicted_aligned": [known["aligned"]] * len(others),
            "predicted_other": [known[name] for name in others],
            "predicted_advantage": [advantage(known["aligned"], known[name]) for name in others],
            "points": [float(len(self.measured["aligned"]))] * len(others),
            "aligned_queries": [float(self.queries["aligned"])] * len(others),
            "other_queries": [float(self.queries[name]) for name in others],
        }


def advantage(aligned: float, other: float) -> float:
    """Return (other - aligned) / the larger of them: from -1 to 1, above 0 if DAP is better.

    For a gradient with one entry DAP and Rademacher have no error but rounding: both are equal then.
    """
    larger = max(aligned, other)
    return (other - aligned) / larger if not larger <= ROUNDING else 0.0


def _standard_error(values: FloatArray) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
