"""The full route: laws on vectors of R^d, d <= 4, without any use of symmetry.

It exists to check the reduced route: column generation over discretized perturbation vectors, with a
lower bound that is nevertheless proved for every law on R^d.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument, SolverFailure, Unsupported
from zotheory.programs.full_certificate import FullCertificate
from zotheory.programs.full_proof import density, prove
from zotheory.programs.full_solution import FullSolution
from zotheory.programs.matrices import RationalMatrix
from zotheory.programs.program import Program, check_program
from zotheory.programs.scaled import scale
from zotheory.programs.solvers import (
    Answer,
    LinearProgram,
    check_solver,
    solve_linear,
    solve_worst_case,
    solver_version,
)
from zotheory.programs.vectors import (
    VectorDuals,
    VectorProblem,
    cost,
    covariance_form,
    minimisers,
    residual,
    search_reach,
    start,
)
from zotheory.types import FloatArray
from zotheory.validation import check_count

MAXIMUM_DIM = 4
CERTIFIED_GAP, FEASIBLE = 1e-3, 1e-6
MAXIMUM_ROUNDS, TOLERANCE = 60, 1e-7
# Refinements after which the bounds are recorded, to show how they close.
HISTORY_ROUNDS = (1, 4, 12)
# Price of missing covariance, relative to the value: high enough never to be paid, it keeps the first
# coarse grids feasible.
PENALTY = 50.0


def solve_full(program: Program, solver: str | None = None, directions: int = 64) -> FullSolution:
    """Solve a program over vectors of R^d, d <= 4.

    Args:
        program: what to solve.
        solver: "highs" or "clarabel"; by default HiGHS, and Clarabel for the blind program, a
            semidefinite one.
        directions: number of directions in the first grid.

    Raises:
        Unsupported: d > 4, or a program whose vectors can escape to infinity.
        InvalidArgument: an unknown solver, or one that cannot solve semidefinite programs.
        SolverFailure: the solver failed.
    """
    check_program(program)
    if program.dim > MAXIMUM_DIM:
        raise Unsupported(f"the full route needs dim <= {MAXIMUM_DIM}: use the reduced route")
    if not program.coercive:
        raise Unsupported(
            "nothing in this program keeps |v| bounded, and the full route searches a bounded set: "
            "give a norm_cap, or use the reduced route"
        )
    if program.nonnegative_covariance and program.fourth_moment is not None:
        raise Unsupported(
            "nonnegative_covariance with fourth_moment is certified by the reduced route only: use it, or "
            "give a norm_cap instead of the fourth_moment"
        )
    if check_count(directions, "directions") < 8:
        raise InvalidArgument("directions", directions, "give at least 8")
    solver = solver or ("clarabel" if program.blind else "highs")
    check_solver(solver, semidefinite=program.blind)
    return _Search(program, solver).run(directions)


@dataclass(frozen=True)
class _Step:
    """What is known after a refinement, in units of delta = 1."""

    columns: int
    points: FloatArray
    weights: FloatArray
    value: float
    lower: float
    certificate: FullCertificate | None
    reported: float
    depth: float
    rounds: int


class _Search:
    def __init__(self, program: Program, solver: str) -> None:
        self.program, self.solver = program, solver
        self.scaled = scale(program)
        as_float = lambda x: np.inf if x is None else float(x)  # noqa: E731
        self.problem = VectorProblem(
            dim=program.dim,
            prior=None if program.blind else program.gradient_moment,
            axis=program.axis,
            theta=float(self.scaled.theta),
            cap=as_float(self.scaled.cap),
            budget=as_float(self.scaled.budget),
            covariance=self.scaled.covariance,
        )
        self.unit = program.dim + self.problem.theta * program.dim**3
        self.reach = search_reach(self.scaled)

    def run(self, count: int) -> FullSolution:
        atoms = start(self.problem, count, self.reach)
        history: list[_Step] = []
        for rounds in range(1, MAXIMUM_ROUNDS + 1):
            answer = self._master(atoms, PENALTY)
            # The proof needs gamma <= 1, which a price of one for missing covariance enforces.
            priced = self._master(atoms, self._unit_price()) if self.problem.covariance else answer
            duals = self._duals(priced)
            found, lowest = minimisers(self.problem, duals, self.reach)
            depths = -residual(self.problem, duals, found)
            done = depths.max() <= TOLERANCE * self.unit or rounds == MAXIMUM_ROUNDS
            if done or rounds in HISTORY_ROUNDS:
                history.append(self._step(atoms, answer, duals, max(-lowest, 0.0), rounds))
            if done:
                break
            atoms = np.vstack([atoms, found])
        return self._solution(history)

    def _step(
        self, atoms: FloatArray, answer: Answer, duals: VectorDuals, depth: float, rounds: int
    ) -> "_Step":
        certificate = self._certificate(duals, depth)
        points, weights = self._whiten(atoms, answer)
        # Zero is a lower bound whatever happens: the objective is non-negative.
        proved = certificate is not None and certificate.verify()
        lower = max(float(certificate.lower), 0.0) if certificate is not None and proved else 0.0
        value = self._objective(points, weights)
        return _Step(len(atoms), points, weights, value, lower, certificate, answer.value, depth, rounds)

    def _solution(self, history: list["_Step"]) -> FullSolution:
        last, program = history[-1], self.program
        scale2 = float(program.delta) ** 2
        violation = self._violation(last.points, last.weights)
        certified = last.value - last.lower <= CERTIFIED_GAP * last.value and violation <= FEASIBLE
        penalty = self.problem.theta * float(last.weights @ (last.points**2).sum(axis=1) ** 3)
        return FullSolution(
            program=program,
            status="certified" if certified else "numeric",
            value=last.value * scale2,
            lower=last.lower * scale2,
            dimension_factor=last.value - penalty,
            points=last.points * float(program.delta) ** 0.5,
            weights=last.weights,
            certificate=last.certificate,
            solver=f"{self.solver} {solver_version(self.solver)}, {last.rounds} rounds",
            solver_value=last.reported * self.unit * scale2,
            primal_residual=violation,
            dual_residual=last.depth / self.unit,
            history=tuple((step.columns, step.value * scale2, step.lower * scale2) for step in history),
        )

    def _unit_price(self) -> float:
        return (self.program.dim - 1) / self.unit

    def _master(self, atoms: FloatArray, penalty: float) -> Answer:
        problem, d = self.problem, self.program.dim
        n = (atoms**2).sum(axis=1)
        rows, columns = np.triu_indices(d)
        equalities = np.vstack([np.ones(len(atoms)), (atoms[:, rows] * atoms[:, columns]).T])
        targets = np.concatenate([[1.0], np.eye(d)[rows, columns]])
        inequalities, limits = [], []
        if np.isfinite(problem.budget):
            inequalities.append(n**2 / problem.budget)
            limits.append(1.0)
        if problem.covariance:
            inequalities.append(-covariance_form(problem, atoms) / (d - 1))
            limits.append(-1.0)
        price = cost(problem, problem.prior, atoms) / self.unit
        table = np.array(inequalities).reshape(len(limits), len(atoms))
        if problem.covariance:  # the elastic column
            equalities = np.column_stack([equalities, np.zeros(len(targets))])
            table = np.column_stack([table, [0.0] * (len(limits) - 1) + [-1.0]])
            price = np.append(price, penalty)
        program = LinearProgram(price, equalities, targets, table, np.array(limits))
        if not self.program.blind:
            return solve_linear(program, self.solver)
        matrices = n[:, None, None] * atoms[:, :, None] * atoms[:, None, :] / self.unit
        return solve_worst_case(program, matrices, self.solver)

    def _duals(self, answer: Answer) -> VectorDuals:
        d, y = self.program.dim, answer.equality_duals * self.unit
        matrix = np.zeros((d, d))
        matrix[np.triu_indices(d)] = y[1:]
        limits = list(answer.inequality_duals * self.unit)
        budget = limits.pop(0) / self.problem.budget if np.isfinite(self.problem.budget) else 0.0
        covariance = limits.pop(0) / (d - 1) if self.problem.covariance else 0.0
        prior = answer.matrix_dual if self.problem.prior is None else self.problem.prior
        assert prior is not None
        return VectorDuals(prior, float(y[0]), (matrix + matrix.T) / 2, budget, covariance)

    def _certificate(self, duals: VectorDuals, depth: float) -> FullCertificate | None:
        prior, axis = self._exact_moments(duals)
        limits: dict[str, Any] = {
            "covariance": self.scaled.covariance,
            "theta": self.scaled.theta,
            "cap": self.scaled.cap,
            "budget": self.scaled.budget,
        }
        if self.scaled.cap != self.program.dim:
            return prove(duals, prior, axis, **limits, unit=self.unit, depth=depth)
        # |v|^2 = d almost surely, so K (d - |v|^2) has mean zero: added to the residual, it lifts it
        # wherever |v|^2 < d, where no law has mass and the solver saw nothing.
        for size in (4, 64, 1024):
            lift = size * self.unit / self.program.dim
            matrix = duals.second_moment + lift * np.eye(self.program.dim)
            lifted = replace(duals, mass=duals.mass - lift * self.program.dim, second_moment=matrix)
            found = prove(lifted, prior, axis, **limits, unit=self.unit, depth=depth)
            if found is not None:
                return found
        return None

    def _exact_moments(self, duals: VectorDuals) -> tuple[RationalMatrix, RationalMatrix]:
        direction = self.program.axis if self.program.direction is None else self.program.direction
        e = [Fraction(x) for x in direction.tolist()]
        square = sum(x * x for x in e)
        axis = tuple(tuple(x * y / square for y in e) for x in e)
        if self.program.knowledge == "known":
            return axis, axis
        return density(duals.prior), axis

    def _whiten(self, atoms: FloatArray, answer: Answer) -> tuple[FloatArray, FloatArray]:
        # v -> S^{-1/2} v removes the solver's rounding: E[v v^T] = I to machine precision.
        weights = answer.weights[: len(atoms)]
        keep = weights > 1e-12
        if not np.any(keep):
            raise SolverFailure(f"{self.solver} returned no mass: try the other solver")
        points, weights = atoms[keep], weights[keep] / weights[keep].sum()
        values, basis = np.linalg.eigh((weights[:, None] * points).T @ points)
        return points @ (basis / np.sqrt(values)) @ basis.T, weights

    def _objective(self, points: FloatArray, weights: FloatArray) -> float:
        value = float(weights @ cost(self.problem, self.problem.prior, points))
        if self.problem.prior is None:
            n = (points**2).sum(axis=1)
            worst = ((weights * n)[:, None] * points).T @ points
            value += float(np.linalg.eigvalsh(worst)[-1])
        return value

    def _violation(self, points: FloatArray, weights: FloatArray) -> float:
        n = (points**2).sum(axis=1)
        found = [float(np.abs((weights[:, None] * points).T @ points - np.eye(self.program.dim)).max())]
        found.append(float(n.max()) / self.problem.cap - 1)
        found.append(float(weights @ n**2) / self.problem.budget - 1)
        if self.problem.covariance:
            found.append(
                1 - float(weights @ covariance_form(self.problem, points)) / (self.program.dim - 1)
            )
        return max(*found, 0.0)
