"""Exponential averages of estimates and of their squares, as adaptive methods use them, in closed form."""

from zotheory.bounds.momentum.denominators import (
    coordinate_denominators,
    denominator_fluctuation,
    effective_squares,
    expected_denominator,
    noise_correlation,
    refined_square,
)
from zotheory.bounds.momentum.first_moment import (
    best_beta1,
    drift_limit,
    first_moment_bias,
    first_moment_error,
    first_moment_variance,
    least_first_moment_error,
)
from zotheory.bounds.momentum.steps import first_step, longest_step, step_length_ratio

__all__ = [
    "best_beta1",
    "coordinate_denominators",
    "denominator_fluctuation",
    "drift_limit",
    "effective_squares",
    "expected_denominator",
    "first_moment_bias",
    "first_moment_error",
    "first_moment_variance",
    "first_step",
    "least_first_moment_error",
    "longest_step",
    "noise_correlation",
    "refined_square",
    "step_length_ratio",
]
