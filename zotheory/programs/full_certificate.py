"""Certificates of the full route: the dual inequality over all v in R^d, not on a grid.

In units of delta = 1 the residual is, with n = |v|^2, s = (a.v)^2, v = sqrt(n) u,
    r(v) = n v^T A v + theta n^3 + beta n^2 - lambda_0 - v^T Lambda v - gamma (s n - s^2).
gamma > 0 occurs only for A = a a^T, and s^2 >= 2 sigma s - sigma^2 for every sigma, so r >= u^T M(n) u,
    M(n) = n^2 (A + beta I - gamma a a^T) - n (Lambda - 2 gamma sigma a a^T)
           + (theta n^3 - lambda_0 - gamma sigma^2) I.
M is convex in n in the semidefinite order: M(n) = T(n) + (n - c)^2 (Q + theta (n + 2 c) I), with T the
tangent at c and Q the coefficient of n^2. T is linear, so T + epsilon I >= 0 on an interval iff it is
at both ends. Finitely many intervals, each with its c and sigma, prove r >= -epsilon everywhere.
"""

from dataclasses import dataclass
from fractions import Fraction

from zotheory.programs.matrices import (
    RationalMatrix,
    combine,
    is_positive_semidefinite,
    is_symmetric,
    is_unit_projector,
    scaled_identity,
    trace,
)


@dataclass(frozen=True)
class Piece:
    """An interval [low, high] of n (high None: infinity), tangent point c and tangent parameter sigma."""

    low: Fraction
    high: Fraction | None
    point: Fraction
    sigma: Fraction


@dataclass(frozen=True)
class FullCertificate:
    """Multipliers and the intervals that prove r >= -epsilon for all |v|^2 <= cap.

    Attributes:
        prior: A, positive semidefinite with trace one; in the blind case a dual variable.
        axis: a a^T / |a|^2 for the covariance constraint.
        mass: lambda_0.
        second_moment: Lambda.
        fourth_moment: beta >= 0.
        nonnegative_covariance: gamma in [0, 1].
        covariance: whether the program requires Cov(s, t) >= 0, along ``axis``.
        theta: smoothing penalty.
        cap: bound on n, or None.
        budget: bound on E[n^2], or None.
        epsilon: how far below zero the residual may reach.
        curvature_slack: eta with Q + 3 theta low I + eta I >= 0 on each bounded interval.
        pieces: intervals that cover [0, cap].
    """

    prior: RationalMatrix
    axis: RationalMatrix
    mass: Fraction
    second_moment: RationalMatrix
    fourth_moment: Fraction
    nonnegative_covariance: Fraction
    covariance: bool
    theta: Fraction
    cap: Fraction | None
    budget: Fraction | None
    epsilon: Fraction
    curvature_slack: Fraction
    pieces: tuple[Piece, ...]

    @property
    def lower(self) -> Fraction:
        """The proved lower bound lambda_0 + tr Lambda - beta budget + gamma (d - 1) - epsilon."""
        value = self.mass + trace(self.second_moment) - self.epsilon
        if self.budget is not None:
            value -= self.fourth_moment * self.budget
        return value + self.nonnegative_covariance * (len(self.prior) - 1)

    def verify(self) -> bool:
        """Check everything again from the stored fractions alone, in exact arithmetic."""
        signs = self.fourth_moment >= 0 and 0 <= self.nonnegative_covariance <= 1
        unused = self.budget is not None or self.fourth_moment == 0
        # A multiplier needs its constraint, which speaks of the direction of a known gradient.
        aimed = self.nonnegative_covariance == 0 or (self.covariance and self.prior == self.axis)
        shapes = is_unit_projector(self.axis) and is_symmetric(self.second_moment)
        sizes = len(self.prior) == len(self.axis) == len(self.second_moment)
        return (
            signs
            and unused
            and sizes
            and shapes
            and aimed
            and self.theta >= 0
            and self.curvature_slack >= 0
            and is_positive_semidefinite(self.prior)
            and trace(self.prior) == 1
            and self.epsilon >= 0
            and covers(self.pieces, self.cap)
            and all(self.holds_on(piece) for piece in self.pieces)
        )

    @property
    def quadratic(self) -> RationalMatrix:
        """Q = A + beta I - gamma a a^T."""
        size = len(self.prior)
        return combine(
            [
                (Fraction(1), self.prior),
                (self.fourth_moment, scaled_identity(size, Fraction(1))),
                (-self.nonnegative_covariance, self.axis),
            ]
        )

    def value(self, n: Fraction, sigma: Fraction) -> RationalMatrix:
        """Return M(n)."""
        gamma = self.nonnegative_covariance
        constant = self.theta * n**3 - self.mass - gamma * sigma**2
        return combine(
            [
                (n**2, self.quadratic),
                (-n, self.second_moment),
                (2 * n * gamma * sigma, self.axis),
                (Fraction(1), scaled_identity(len(self.prior), constant)),
            ]
        )

    def slope(self, n: Fraction, sigma: Fraction) -> RationalMatrix:
        """Return M'(n)."""
        gamma = self.nonnegative_covariance
        return combine(
            [
                (2 * n, self.quadratic),
                (Fraction(-1), self.second_moment),
                (2 * gamma * sigma, self.axis),
                (Fraction(1), scaled_identity(len(self.prior), 3 * self.theta * n**2)),
            ]
        )

    def holds_on(self, piece: Piece) -> bool:
        """Decide exactly whether M(n) >= -epsilon I on the interval."""
        size = len(self.prior)
        value, slope = (f(piece.point, piece.sigma) for f in (self.value, self.slope))
        curvature = combine(
            [
                (Fraction(1), self.quadratic),
                (3 * self.theta * min(piece.low, piece.point), scaled_identity(size, Fraction(1))),
            ]
        )
        if piece.high is None:
            # Beyond low the tangent grows and the remainder is non-negative.
            start = self._tangent(value, slope, piece, piece.low, self.epsilon)
            return all(is_positive_semidefinite(m) for m in (start, slope, curvature))
        reach = max(piece.high - piece.point, piece.point - piece.low)
        allowed = self.epsilon - self.curvature_slack * reach**2
        shifted = combine(
            [(Fraction(1), curvature), (self.curvature_slack, scaled_identity(size, Fraction(1)))]
        )
        ends = [self._tangent(value, slope, piece, n, allowed) for n in (piece.low, piece.high)]
        return is_positive_semidefinite(shifted) and all(is_positive_semidefinite(m) for m in ends)

    def _tangent(
        self,
        value: RationalMatrix,
        slope: RationalMatrix,
        piece: Piece,
        n: Fraction,
        epsilon: Fraction,
    ) -> RationalMatrix:
        return combine(
            [
                (Fraction(1), value),
                (n - piece.point, slope),
                (Fraction(1), scaled_identity(len(self.prior), epsilon)),
            ]
        )


def covers(pieces: tuple[Piece, ...], cap: Fraction | None) -> bool:
    """Return whether consecutive intervals cover [0, cap] (or [0, infinity)), cap above 0."""
    if not pieces or (cap is not None and cap <= 0):
        return False
    reached: Fraction | None = Fraction(0)
    for piece in pieces:
        if reached is None or piece.low > reached:
            return False
        reached = piece.high if piece.high is None or piece.high > reached else reached
    return reached is None or (cap is not None and reached >= cap)
