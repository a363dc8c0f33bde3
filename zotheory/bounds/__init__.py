"""Convergence of SGD with delta-unbiased perturbations: bounds, and exact dynamics on quadratics."""

from zotheory.bounds.complexity import (
    Complexity,
    decreasing_complexity,
    nonconvex_complexity,
    polyak_complexity,
)
from zotheory.bounds.descent import Descent
from zotheory.bounds.law_moments import LawMoments
from zotheory.bounds.nonconvex import NonconvexBound, Terms, best_step
from zotheory.bounds.polyak import DecreasingSteps, PolyakBound

__all__ = [
    "Complexity",
    "DecreasingSteps",
    "Descent",
    "LawMoments",
    "NonconvexBound",
    "PolyakBound",
    "Terms",
    "best_step",
    "decreasing_complexity",
    "nonconvex_complexity",
    "polyak_complexity",
]
