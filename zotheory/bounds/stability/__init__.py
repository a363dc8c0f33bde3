"""Uniform stability of zeroth-order SGD: a bound with all its constants, and coupled runs."""

from zotheory.bounds.stability.bound import StabilityBound, StabilityRoute, uniform_stability
from zotheory.bounds.stability.measurement import MeasuredMean, MeasuredStability, measure_stability

__all__ = [
    "MeasuredMean",
    "MeasuredStability",
    "StabilityBound",
    "StabilityRoute",
    "measure_stability",
    "uniform_stability",
]
