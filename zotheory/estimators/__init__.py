"""Gradient estimators from function values: one stage or two, counted and vectorised over trials."""

from zotheory.estimators.base import Estimates, Estimator
from zotheory.estimators.error_sums import SimulatedError
from zotheory.estimators.objective import Objective, vectorised
from zotheory.estimators.queries import QueryLedger
from zotheory.estimators.simulate import simulate_mse, simulate_mse_curve, simulate_mse_curves
from zotheory.estimators.single_stage import Central, Forward, OnePoint
from zotheory.estimators.two_stage import TwoStage

__all__ = [
    "Central",
    "Estimates",
    "Estimator",
    "Forward",
    "Objective",
    "OnePoint",
    "QueryLedger",
    "SimulatedError",
    "TwoStage",
    "simulate_mse",
    "simulate_mse_curve",
    "simulate_mse_curves",
    "vectorised",
]
