"""Convergence of SGD with delta-unbiased perturbations: bounds, and exact dynamics on quadratics."""

from zotheory.bounds.complexity import (
    Complexity,
    decreasing_complexity,
    nonconvex_complexity,
    polyak_complexity,
)
from zotheory.bounds.descent import Descent
from zotheory.bounds.dynamics import QuadraticDynamics, Trajectory
from zotheory.bounds.dynamics_following import Following
from zotheory.bounds.largest_step import largest_stable_step
from zotheory.bounds.law_moments import LawMoments
from zotheory.bounds.momentum import (
    best_beta1,
    drift_limit,
    first_moment_bias,
    first_moment_error,
    first_moment_variance,
    least_first_moment_error,
)
from zotheory.bounds.momentum_denominators import (
    coordinate_denominators,
    denominator_fluctuation,
    expected_denominator,
    refined_square,
)
from zotheory.bounds.momentum_steps import step_length_ratio
from zotheory.bounds.nonconvex import NonconvexBound, Terms, best_step
from zotheory.bounds.performance import WorstCase, worst_case
from zotheory.bounds.polyak import DecreasingSteps, PolyakBound
from zotheory.bounds.sixth_moment import sixth_moment
from zotheory.bounds.stability import StabilityBound, uniform_stability
from zotheory.bounds.stability_measurement import MeasuredStability, measure_stability

__all__ = [
    "Complexity",
    "DecreasingSteps",
    "Descent",
    "Following",
    "LawMoments",
    "MeasuredStability",
    "NonconvexBound",
    "PolyakBound",
    "QuadraticDynamics",
    "StabilityBound",
    "Terms",
    "Trajectory",
    "WorstCase",
    "best_beta1",
    "best_step",
    "coordinate_denominators",
    "decreasing_complexity",
    "denominator_fluctuation",
    "drift_limit",
    "expected_denominator",
    "first_moment_bias",
    "first_moment_error",
    "first_moment_variance",
    "largest_stable_step",
    "least_first_moment_error",
    "measure_stability",
    "nonconvex_complexity",
    "polyak_complexity",
    "refined_square",
    "sixth_moment",
    "step_length_ratio",
    "uniform_stability",
    "worst_case",
]
