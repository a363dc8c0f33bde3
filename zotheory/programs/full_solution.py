"""The result of the full route."""

from dataclasses import dataclass

from zotheory.programs.full_certificate import FullCertificate
from zotheory.programs.program import Program
from zotheory.types import FloatArray


@dataclass(frozen=True)
class FullSolution:
    """A program solved over vectors of R^d; values in the program's units, for |a| = 1.

    Attributes:
        program: what was solved.
        status: "certified" (gap at most 1e-3, constraints met to 1e-6) or "numeric".
        value: objective of the law found, an upper bound up to ``primal_residual``.
        lower: proved lower bound for every feasible law on R^d.
        dimension_factor: E[(v^T A v) n] / delta^2 of the law found, worst case if blind.
        points: vectors, shape (m, d), up to sign.
        weights: their masses, shape (m,).
        certificate: multipliers and the proof, in units of delta = 1; None if none was found.
        solver: name, version and rounds of column generation.
        solver_value: the value that the solver itself reported.
        primal_residual: largest relative violation of a constraint by the law found.
        dual_residual: relative depth of the residual below zero at the worst vector found.
        history: (number of vectors, value, certified lower bound) after each refinement.
    """

    program: Program
    status: str
    value: float
    lower: float
    dimension_factor: float
    points: FloatArray
    weights: FloatArray
    certificate: FullCertificate | None
    solver: str
    solver_value: float
    primal_residual: float
    dual_residual: float
    history: tuple[tuple[int, float, float], ...]

    @property
    def gap(self) -> float:
        """(value - lower) / value."""
        return (self.value - self.lower) / self.value

    def coordinates(self) -> list[tuple[float, float, float]]:
        """Return (s, t, mass) of each vector; for priors and blind programs s = v^T A v."""
        n = (self.points**2).sum(axis=1)
        if self.program.knowledge in ("known", "alignment"):
            s = (self.points @ self.program.axis) ** 2
        else:
            s = ((self.points @ self.program.gradient_moment) * self.points).sum(axis=1)
        return [(float(x), float(y - x), float(w)) for x, y, w in zip(s, n, self.weights, strict=True)]
