"""Errors of an estimate g = v v^T a under a law, in the units of the gradient; structured v = P u."""

from zotheory.functionals.mse import coordinate_mse, tau_mse
from zotheory.functionals.structure import (
    effective_overlap,
    intrinsic_rank,
    random_subspace_curvature,
    random_subspace_factor,
    replaced_dimension,
    stable_rank,
    structured_curvature,
    structured_energy,
    structured_mean,
)
from zotheory.functionals.variance import covariance_of_s_and_n, directional_variance, total_mse

__all__ = [
    "coordinate_mse",
    "covariance_of_s_and_n",
    "directional_variance",
    "effective_overlap",
    "intrinsic_rank",
    "random_subspace_curvature",
    "random_subspace_factor",
    "replaced_dimension",
    "stable_rank",
    "structured_curvature",
    "structured_energy",
    "structured_mean",
    "tau_mse",
    "total_mse",
]
