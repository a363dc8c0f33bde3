"""Answers: the certified optimum of a question, a law that reaches it, and which laws do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.programs.contact import Membership
from zotheory.programs.question.finite import FiniteCertificate
from zotheory.programs.question.polynomials import Polynomial, at_points
from zotheory.programs.question.question import Question, as_floats
from zotheory.programs.question.squares import SquaresCertificate
from zotheory.types import FloatArray
from zotheory.validation import check_fraction, check_weights

MOST_SHOWN = 12


@dataclass(frozen=True)
class Answer:
    """An answered question.

    Attributes:
        question: what was asked.
        status: "certified" (the law's value is within 1e-5 of the proved bound, relative to itself, or the
            optimum is exactly 0, and its moments are within 1e-7 of those asked for) or "numeric".
        lower: proved lower bound for every feasible law, an exact fraction.
        upper: objective of the law below; exact for a finite support, else feasible up to ``violation``.
        points: atoms of the law, shape (m, k).
        regions: which region each atom lies in, shape (m,).
        weights: their masses, shape (m,).
        violation: largest violation of a moment by the law, relative to the mean size of its terms; what
            is not 0 here leaves open whether a law with exactly these moments exists.
        contact_points: points where the residual vanishes, to the accuracy of the multipliers: every
            optimal law lives on the zeros of the residual, of which these were found. Shape (c, k).
        contact_regions: the region of each, shape (c,).
        tight: inequality constraints that an optimal law must meet with equality.
        certificate: multipliers and proof; `verify` checks them again.
    """

    question: Question
    status: str
    lower: Fraction
    upper: float | Fraction
    points: FloatArray
    regions: np.ndarray
    weights: FloatArray
    violation: float
    contact_points: FloatArray
    contact_regions: np.ndarray
    tight: tuple[str, ...]
    certificate: SquaresCertificate | FiniteCertificate

    @property
    def value(self) -> float:
        """The optimum as a float: the law's objective."""
        return float(self.upper)

    @property
    def gap(self) -> float:
        """(upper - lower) relative to the optimum; infinite if they differ and the law's objective is 0."""
        return relative_gap(self.upper, self.lower)

    def residual(self, region: int = 0) -> Any:
        """Return the residual f - y_0 - sum_j y_j g_j on a region as a sympy expression: an optimal law
        lives where it vanishes."""
        import sympy

        certificate = self.certificate
        moments = zip(certificate.multipliers, self.question.moments, strict=True)
        put = dict(self.question.regions[region].where)
        exact = lambda x: sympy.Rational(x.numerator, x.denominator)  # noqa: E731
        total = sympy.sympify(self.question.objective) - exact(certificate.constant)
        return sympy.expand(sympy.Add(total, *(-exact(y) * m.polynomial for y, m in moments)).subs(put))

    def describe(self) -> str:
        """Return the necessary and sufficient condition for optimality in words, with the points found.

        Where the bound is not known to be the optimum, the condition is sufficient only, as the words say.
        """
        # Neighbouring regions share points; -0.0 and 1e-17 are 0.
        rounded = np.unique(np.round(self.contact_points, 5) + 0.0, axis=0)
        rows = [", ".join(f"{x:.6g}" for x in point) for point in rounded[:MOST_SHOWN]]
        names = ", ".join(map(str, self.question.variables))
        more = "" if len(rounded) <= MOST_SHOWN else f" and {len(rounded) - MOST_SHOWN} more points found"
        within = ""
        if self.violation > 0:
            within = f" Certified for moments within {self.violation:.1g}, relative, of those asked for."
        # Only an objective that is nowhere negative has this answer from regions.
        zero = self.upper == self.lower == 0 and isinstance(self.certificate, SquaresCertificate)
        what = "objective" if zero else "residual"
        if self.status != "certified":
            return (
                f"A feasible law for which the residual vanishes almost surely{self._tightly} is optimal. "
                "Others may be: the bound is not known to be the optimum."
                + (f" The law found misses the moments by {self.violation:.1g}." if self.violation else "")
            )
        if not rows:
            return f"No point was found at which the residual vanishes.{within}"
        return (
            f"A feasible law is optimal if and only if the {what} vanishes almost surely{self._tightly}. "
            f"Among the points found, it vanishes at ({names}) = ({'), ('.join(rows)}){more}.{within}"
        )

    @property
    def _tightly(self) -> str:
        return f", and {' and '.join(self.tight)} with equality" if self.tight else ""

    def membership(
        self,
        points: Sequence[Sequence[Any]],
        weights: Sequence[Any],
        regions: Sequence[int] | None = None,
        tolerance: float = 1e-6,
    ) -> Membership:
        """Decide whether a law with finitely many atoms is optimal.

        Args:
            points: its atoms, shape (m, k), numbers.
            weights: its masses.
            regions: which region each atom lies in; by default the first.
            tolerance: relative, in the constraints and the objective; the certified gap is added to it.

        Raises:
            InvalidArgument: shapes that do not fit, or weights that are no masses.
        """
        check_fraction(tolerance, "tolerance", open_interval=False)
        rows = np.asarray(points, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != len(self.question.variables):
            raise InvalidArgument("points", points, f"give rows of {len(self.question.variables)} numbers")
        masses = np.asarray(check_weights(weights, "weights", len(rows)), dtype=float)
        where = np.zeros(len(rows), dtype=int) if regions is None else np.asarray(regions, dtype=int)
        reasons = self._infeasibilities(rows, masses, where, tolerance)
        cost = self.mean(lambda piece: piece.objective, rows, masses, where)
        size = abs(self.value) or self.mean_size(lambda piece: piece.objective) or 1.0
        excess = (cost - float(self.lower)) / size
        if excess > tolerance + max(float(self.upper - self.lower), 0.0) / size:
            reasons.append(f"its objective exceeds the optimum by {excess:.3g} relative")
        return Membership(not reasons, excess, tuple(reasons))

    def _infeasibilities(
        self, rows: FloatArray, masses: FloatArray, where: np.ndarray, tolerance: float
    ) -> list[str]:
        found = []
        if self.question.points is not None:
            known = as_floats(self.question.points)
            if any(np.abs(known - row).max(axis=1).min() > tolerance for row in rows[masses > 0]):
                found.append("an atom lies outside the support")
        for j, moment in enumerate(self.question.moments):
            mean = self.mean(lambda piece, j=j: piece.moments[j], rows, masses, where)
            off = mean - float(moment.value)
            broken = {"==": abs(off), "<=": off, ">=": -off}[moment.relation]
            terms = self._size_under(lambda piece, j=j: piece.moments[j], rows, masses, where)
            if broken > tolerance * max(abs(float(moment.value)), terms):
                found.append(f"{moment.name} is broken: the mean is {mean:.6g}")
        for region, piece in enumerate(self.question.pieces):
            inside = rows[(where == region) & (masses > 0)]
            for h, text in zip(piece.nonnegative, self.question.regions[region].nonnegative, strict=True):
                if len(inside) and at_points(h, inside).min() < -tolerance:
                    found.append(f"an atom has {text} < 0")
        return found

    def mean_size(self, of: Any) -> float:
        """Return the size of a polynomial's terms under the law."""
        return self._size_under(of, self.points, self.weights, self.regions)

    def _size_under(self, of: Any, rows: FloatArray, masses: FloatArray, where: np.ndarray) -> float:
        # On the axes x y is 0 and no measure of itself: the terms at the root mean squares count too.
        mean = self.mean(lambda piece: _sizes(of(piece)), abs(rows), masses, where)
        typical = np.sqrt(masses @ rows**2)[None]
        return max(
            mean, *(float(at_points(_sizes(of(piece)), typical)[0]) for piece in self.question.pieces)
        )

    def mean(self, of: Any, rows: FloatArray, masses: FloatArray, where: np.ndarray) -> float:
        """Return the mean of a polynomial, which ``of`` picks from each region's piece, under a law."""
        total = 0.0
        for region, piece in enumerate(self.question.pieces):
            chosen = where == region
            if chosen.any():
                total += float(masses[chosen] @ at_points(of(piece), rows[chosen]))
        return total


def relative_gap(upper: float | Fraction, lower: Fraction) -> float:
    """Return upper - lower relative to upper; infinite if they differ and upper is 0."""
    gap = float(upper - lower)
    return gap / abs(float(upper)) if upper else math.inf if gap else 0.0


def _sizes(polynomial: Polynomial) -> Polynomial:
    return {powers: abs(c) for powers, c in polynomial.items()}
