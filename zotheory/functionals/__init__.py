"""Errors of an estimate g = v v^T a under a law, in the units of the gradient."""

from zotheory.functionals.mse import coordinate_mse, tau_mse
from zotheory.functionals.variance import covariance_of_s_and_n, directional_variance, total_mse

__all__ = [
    "coordinate_mse",
    "covariance_of_s_and_n",
    "directional_variance",
    "tau_mse",
    "total_mse",
]
