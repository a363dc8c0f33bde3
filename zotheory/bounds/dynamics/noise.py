"""What a step adds to E[x x^T]: gradient noise, and the curvature that forward differences see."""

from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.dynamics.odd import odd_moments
from zotheory.bounds.dynamics.setup import Setup
from zotheory.bounds.dynamics.sixth_moment import sixth_moment, spectral_sixth
from zotheory.bounds.dynamics.spectral import coefficients, diagonal_of
from zotheory.errors import InvalidArgument
from zotheory.types import Matrix, Scalar, Vector


def check_noise(noise: Any, setup: Setup) -> Vector | None:
    """Return the noise covariance, shape (d,) or (d, d), or None.

    Raises:
        InvalidArgument: another shape, or not positive semidefinite.
    """
    if noise is None:
        return None
    dim = setup.dim
    remedy = f"give a covariance of shape ({dim}, {dim}), or its diagonal of shape ({dim},)"
    table = setup.numbers.checked(noise, "noise", remedy)
    if table.shape not in ((dim,), (dim, dim)):
        raise InvalidArgument("noise", noise, remedy)
    if table.ndim == 2:
        table = setup.numbers.symmetric(table, "noise")
    spread = table if table.ndim == 1 else np.linalg.eigvalsh(table.astype(float))
    if min(spread) < -1e-12 * max(abs(x) for x in spread):
        raise InvalidArgument("noise", noise, "a covariance is positive semidefinite")
    return table


def spectral_noise(setup: Setup, step: Scalar, covariance: Vector | None, mu: Scalar | None) -> Vector:
    """Return N = eta^2 (T_b[Sigma] + (mu^2/4b) T6[H]), its diagonal in the eigenbasis of H, shape (d,).

    Raises:
        InvalidArgument: mu > 0 and a law whose sixth moment is unknown.
    """
    values, basis = setup.spectrum  # type: ignore[misc]
    added = setup.numbers.zeros(setup.dim)
    if covariance is not None:
        alpha, kappa = coefficients(setup)
        if covariance.ndim == 1:
            diagonal = covariance if basis is None else (basis**2).T @ covariance
        else:
            diagonal = diagonal_of(covariance, basis)
        added = added + alpha * diagonal.sum() + kappa * diagonal
    if mu is not None:
        _require_fixed(setup.law)
        k1, k2, k3, k4 = (setup.numbers.of_law(k, setup.law) for k in spectral_sixth(setup.law))
        trace = values.sum()
        sixth = k1 * trace**2 + k2 * (values @ values) + k3 * trace * values + k4 * values**2
        added = added + mu**2 / 4 / setup.batch * sixth
    return step**2 * added


def full_noise(
    setup: Setup, step: Scalar, covariance: Vector | None, mu: Scalar | None
) -> tuple[Matrix, tuple[Vector, Any] | None]:
    """Return N = eta^2 (T_b[Sigma] + (mu^2/4b) T6[H]), shape (d, d), and the odd moments `Full` needs.

    Raises:
        InvalidArgument: mu > 0 and a law whose sixth moment is unknown.
    """
    numbers, odd = setup.numbers, None
    added = numbers.zeros(setup.dim, setup.dim)
    if covariance is not None:
        matrix = np.diag(covariance) if covariance.ndim == 1 else covariance
        added = added + setup.of_batch(setup.contraction.apply(matrix), matrix)
    if mu is not None:
        _require_fixed(setup.law)
        hessian = _plain(setup)
        sixth = numbers.of_law(sixth_moment(setup.law, hessian), setup.law)
        added = added + mu**2 / 4 / setup.batch * sixth
        found = odd_moments(setup.law, hessian)
        if found is not None:
            third, fifth = (numbers.of_law(moment, setup.law) for moment in found)
            odd = third * mu / 2, fifth * mu
    return step**2 * added, odd


def _require_fixed(law: Any) -> None:
    # The sixth moment of a law that turns depends on the direction of Hx, which E[x x^T] does not tell.
    if isinstance(law, Following):
        remedy = (
            "forward differences of a law that turns do not close in E[x x^T]: use central ones, or mu = 0"
        )
        raise InvalidArgument("law", law, remedy)


def _plain(setup: Setup) -> Matrix:
    """Return H in numbers of the laws' own arithmetic: mpmath's become fractions of the same value."""
    if setup.numbers.context is None:
        return setup.matrix
    matrix = np.empty((setup.dim, setup.dim), dtype=object)
    for index, value in np.ndenumerate(setup.matrix):
        sign, mantissa, exponent, _ = setup.numbers.one(value, "hessian")._mpf_
        matrix[index] = (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return matrix
