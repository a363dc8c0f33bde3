"""The diagonal of E[x x^T] in the eigenbasis of H, where it evolves by itself: O(d) a step."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.bounds.dynamics.setup import Paired, Setup
from zotheory.types import Matrix, Scalar, Vector


@dataclass(frozen=True)
class Spectral:
    """M_i+ = D_i M_i + eta^2 alpha sum_j h_j^2 M_j + N_i for the diagonal M of E[x x^T] in H's eigenbasis.

    With T[S] = alpha tr(S) I + beta S + gamma diag(S) for the mean of b draws, kappa = beta + gamma:
        D_i = 1 - 2 eta delta h_i + eta^2 kappa h_i^2.
    Entries of M beside the diagonal are scaled each by itself, and f does not see them.

    Attributes:
        setup: the checked problem.
        step: eta.
        added: N, the noise of a step, shape (d,).
    """

    setup: Setup
    step: Scalar
    added: Vector

    @property
    def _values(self) -> Vector:
        return self.setup.spectrum[0]  # type: ignore[index]

    @property
    def _decay(self) -> Vector:
        _, kappa = coefficients(self.setup)
        h, eta = self._values, self.step
        return 1 - 2 * eta * self.setup.delta * h + eta**2 * kappa * h**2

    def state(self, moment: Any) -> Vector:
        """Return the diagonal in the eigenbasis of a point's x x^T, shape (d,), or of a matrix, (d, d)."""
        basis = self.setup.spectrum[1]  # type: ignore[index]
        if moment.ndim == 1:
            return (moment if basis is None else basis.T @ moment) ** 2
        return diagonal_of(moment, basis)

    def advance(self, state: Vector) -> Vector:
        """Return the state after a step."""
        alpha, _ = coefficients(self.setup)
        h = self._values
        return self._decay * state + (self.step**2 * alpha * (h**2 @ state)) + self.added

    def value(self, state: Vector) -> Scalar:
        """Return E f = (1/2) sum_i h_i M_i."""
        return self._values @ state / 2

    def rate(self) -> Scalar:
        """Return the spectral radius of the map on directions with curvature.

        The map is a matrix with non-negative entries, diagonal plus eta^2 alpha 1 (h^2)^T: its largest
        eigenvalue lies above every D_i and solves eta^2 alpha sum_i h_i^2 / (lambda - D_i) = 1. The left
        side falls from infinity, so bisection finds it.
        """
        alpha, _ = coefficients(self.setup)
        curved = self._values != 0
        weights = self.step**2 * alpha * self._values[curved] ** 2
        decay = self._decay[curved]
        top = max(decay)
        if alpha == 0:
            return top
        # At top + sum of the weights every denominator is at least that sum: the left side is at most 1.
        return bisect(lambda x: (weights / (x - decay)).sum() > 1, top, top + weights.sum(), self.setup)

    def fixed_point(self) -> Vector:
        """Return the M that a step leaves as it is; 0 where there is no curvature (f does not see it).

        With s = sum h_j^2 M_j: M_i = (N_i + eta^2 alpha s) / (1 - D_i), and s solves a scalar equation.
        """
        alpha, _ = coefficients(self.setup)
        h = self._values
        curved = h != 0
        lost, squares = 1 - self._decay[curved], h[curved] ** 2
        noise, gain = self.added[curved], self.step**2 * alpha
        s = (squares * noise / lost).sum() / (1 - gain * (squares / lost).sum())
        fixed = 0 * self.added
        fixed[curved] = (noise + gain * s) / lost
        return fixed


def diagonal_of(matrix: Matrix, basis: Matrix | None) -> Vector:
    """Return the diagonal of Q^T matrix Q for the columns Q of a basis, None for the coordinates."""
    return np.diag(matrix).copy() if basis is None else ((matrix @ basis) * basis).sum(axis=0)


def coefficients(setup: Setup) -> tuple[Scalar, Scalar]:
    """Return alpha and kappa = beta + gamma of the mean of b draws."""
    one, b = setup.contraction, setup.batch
    assert isinstance(one, Paired)  # what `reduced` means
    return one.alpha / b, (one.beta + one.gamma + (b - 1) * setup.delta**2) / b


def bisect(above: Any, low: Scalar, high: Scalar, setup: Setup) -> Scalar:
    """Return the point of (low, high] where ``above`` turns from true to false, to the last digit.

    In floats if the numbers are fractions: the root is irrational.
    """
    if setup.numbers.exact:
        low, high = float(low), float(high)
    with np.errstate(divide="ignore"):
        while low < (middle := (low + high) / 2) < high:
            if above(middle):
                low = middle
            else:
                high = middle
    return high


def largest_step(setup: Setup) -> Scalar:
    """Return eta with spectral radius 1: sum_i alpha eta h_i / (2 delta - eta kappa h_i) = 1, h_i > 0.

    The sum rises with eta from 0 (up to a pole, if kappa > 0), and reaches 1 no later than its term of the
    largest curvature does: eta = 2 delta / ((alpha + kappa) h_max), where alpha + kappa = E[v_i^4] > 0.
    """
    alpha, kappa = coefficients(setup)
    values = setup.spectrum[0]  # type: ignore[index]
    h, delta = values[values > 0], setup.delta
    if kappa == 0:
        return 2 * delta / (alpha * h.sum())
    high = 2 * delta / ((alpha + kappa) * max(h))
    if alpha == 0:
        return high
    zero = 0 * high
    return bisect(
        lambda eta: (alpha * eta * h / (2 * delta - eta * kappa * h)).sum() < 1, zero, high, setup
    )
