"""Convergence of SGD with delta-unbiased perturbations: bounds, worst cases, exact dynamics.

Closed forms of adaptive methods' moments are in `zotheory.bounds.momentum`.
"""

from zotheory.bounds.complexity import (
    Complexity,
    decreasing_complexity,
    nonconvex_complexity,
    polyak_complexity,
)
from zotheory.bounds.descent import Descent
from zotheory.bounds.dynamics import (
    Following,
    QuadraticDynamics,
    Trajectory,
    largest_stable_step,
    sixth_moment,
)
from zotheory.bounds.law_moments import LawMoments
from zotheory.bounds.nonconvex import NonconvexBound, Terms, best_step
from zotheory.bounds.orders import Exponent, fit_exponents, iterations_to_reach, least_iterations
from zotheory.bounds.performance import WorstCase, worst_case
from zotheory.bounds.polyak import DecreasingSteps, PolyakBound
from zotheory.bounds.simulation import Descents, simulate_descent
from zotheory.bounds.stability import (
    MeasuredStability,
    StabilityBound,
    measure_stability,
    uniform_stability,
)

__all__ = [
    "Complexity",
    "DecreasingSteps",
    "Descent",
    "Descents",
    "Exponent",
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
    "best_step",
    "decreasing_complexity",
    "fit_exponents",
    "iterations_to_reach",
    "largest_stable_step",
    "least_iterations",
    "measure_stability",
    "nonconvex_complexity",
    "polyak_complexity",
    "simulate_descent",
    "sixth_moment",
    "uniform_stability",
    "worst_case",
]
