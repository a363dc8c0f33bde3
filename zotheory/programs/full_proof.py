"""Finding the certificate of the full route: rational multipliers, and intervals that prove them."""

from fractions import Fraction

import numpy as np

from zotheory.programs.full_certificate import FullCertificate, Piece
from zotheory.programs.matrices import (
    RationalMatrix,
    combine,
    is_positive_semidefinite,
    rational,
    scaled_identity,
    trace,
)
from zotheory.programs.vectors import VectorDuals
from zotheory.types import Matrix

MAXIMUM_PIECES = 4000
CURVATURE_SLACK = Fraction(1, 10**13)


def density(matrix: Matrix) -> RationalMatrix:
    """Return a rational matrix near ``matrix`` that is positive semidefinite with trace one, exactly."""
    exact, shift = rational(matrix), Fraction(0)
    size = len(exact)
    while True:
        shifted = combine([(Fraction(1), exact), (Fraction(1), scaled_identity(size, shift))])
        if is_positive_semidefinite(shifted):
            return combine([(1 / trace(shifted), shifted)])
        shift = shift * 10 if shift else Fraction(1, 10**16)


def prove(
    duals: VectorDuals,
    prior: RationalMatrix,
    axis: RationalMatrix,
    *,
    covariance: bool,
    theta: Fraction,
    cap: Fraction | None,
    budget: Fraction | None,
    unit: float,
    depth: float,
) -> FullCertificate | None:
    """Return a certificate with about the smallest epsilon that the multipliers allow, or None.

    Args:
        duals: the solver's multipliers, taken exactly as the floats that they are.
        prior: A, exact.
        axis: a a^T / |a|^2, exact.
        covariance: whether the program requires Cov(s, t) >= 0.
        theta: smoothing penalty.
        cap: bound on n, or None.
        budget: bound on E[n^2], or None.
        unit: size of the optimal value, which sets the scale of epsilon.
        depth: how far below zero the residual reaches, as found numerically.
    """
    gamma = min(max(Fraction(duals.covariance), Fraction(0)), Fraction(1))
    beta = max(Fraction(duals.budget), Fraction(0)) if budget is not None else Fraction(0)
    epsilon = Fraction(unit) * Fraction(1, 10**6) + Fraction(max(depth, 0.0)) * Fraction(5, 4)
    while epsilon < Fraction(unit):
        trial = FullCertificate(
            prior=prior,
            axis=axis,
            mass=Fraction(duals.mass),
            second_moment=rational(duals.second_moment),
            fourth_moment=beta,
            nonnegative_covariance=gamma,
            covariance=covariance,
            theta=theta,
            cap=cap,
            budget=budget,
            epsilon=epsilon,
            curvature_slack=CURVATURE_SLACK,
            pieces=(),
        )
        pieces = _cover(trial)
        if pieces is not None:
            return FullCertificate(**{**trial.__dict__, "pieces": pieces})
        epsilon *= 4
    return None


def _cover(trial: FullCertificate) -> tuple[Piece, ...] | None:
    # Intervals from left to right, each as long as the check allows.
    numeric = _Numeric(trial)
    end = trial.cap
    tail: Piece | None = None
    if end is None:
        tail = _tail(trial, numeric)
        if tail is None:
            return None
        end = tail.low
    pieces: list[Piece] = []
    low, width = Fraction(0), end / 16
    while low < end:
        high = min(low + width, end)
        piece = numeric.piece(low, high)
        if numeric.likely(piece) and trial.holds_on(piece):
            pieces.append(piece)
            low, width = high, width * 2
        else:
            width /= 2
        if len(pieces) > MAXIMUM_PIECES or width < end / (1 << 24):
            return None
    return tuple(pieces) if tail is None else (*pieces, tail)


def _tail(trial: FullCertificate, numeric: "_Numeric") -> Piece | None:
    low = Fraction(4 * len(trial.prior))
    for _ in range(40):
        piece = Piece(low, None, low, numeric.piece(low, low).sigma)
        if trial.holds_on(piece):
            return piece
        low *= 2
    return None


class _Numeric:
    """Floating-point guesses: tangent parameters, and whether an exact check is worth making."""

    def __init__(self, trial: FullCertificate) -> None:
        self.trial = trial
        as_float = lambda m: np.array([[float(x) for x in row] for row in m])  # noqa: E731
        self.quadratic, self.linear = as_float(trial.quadratic), as_float(trial.second_moment)
        self.axis, self.identity = as_float(trial.axis), np.eye(len(trial.prior))
        self.gamma, self.theta = float(trial.nonnegative_covariance), float(trial.theta)

    def value(self, n: float, sigma: float) -> Matrix:
        constant = self.theta * n**3 - float(self.trial.mass) - self.gamma * sigma**2
        twist = 2 * n * self.gamma * sigma * self.axis
        return n**2 * self.quadratic - n * self.linear + twist + constant * self.identity

    def piece(self, low: Fraction, high: Fraction) -> Piece:
        """Return the interval with its midpoint and the sigma that lifts the smallest eigenvalue most."""
        middle = (low + high) / 2
        sigma = Fraction(0)
        if self.gamma > 0:
            from scipy.optimize import minimize_scalar

            n = float(middle)
            smallest = lambda x: -float(np.linalg.eigvalsh(self.value(n, x))[0])  # noqa: E731
            found = minimize_scalar(smallest, bounds=(0.0, max(n, 1e-9)), method="bounded")
            sigma = Fraction(float(found.x))  # type: ignore[attr-defined]
        return Piece(low, high, middle, sigma)

    def likely(self, piece: Piece) -> bool:
        """Return whether the tangent's ends look positive semidefinite in floating point."""
        assert piece.high is not None
        c, sigma = float(piece.point), float(piece.sigma)
        twist = 2 * self.gamma * sigma * self.axis
        slope = 2 * c * self.quadratic - self.linear + twist + 3 * self.theta * c**2 * self.identity
        value = self.value(c, sigma) + float(self.trial.epsilon) * self.identity
        ends = (value + (float(n) - c) * slope for n in (piece.low, piece.high))
        return all(np.linalg.eigvalsh(m)[0] > 0 for m in ends)
