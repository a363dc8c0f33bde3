"""Solving a program by the reduced route: column generation, polishing, certification."""

from zotheory.errors import SolverFailure
from zotheory.programs.columns import generate
from zotheory.programs.contact import contact_set
from zotheory.programs.program import Program, check_program
from zotheory.programs.rounding import certify
from zotheory.programs.scaled import scale
from zotheory.programs.solution import CERTIFIED_GAP, Solution
from zotheory.programs.solvers import check_solver, solver_version


def solve(program: Program, solver: str = "highs") -> Solution:
    """Solve a program and certify the answer.

    The linear program over (energies of) v is solved by column generation, its multipliers are
    refined and rounded to fractions, and the dual inequality is proved over the continuum.

    Args:
        program: what to solve.
        solver: "highs" or "clarabel"; if its answer cannot be certified, the other one is tried, and
            the result names the one that was used.

    Raises:
        InvalidArgument: not a program, or an unknown solver.
        SolverFailure: both solvers failed.

    >>> from zotheory.programs import Program, solve
    >>> solution = solve(Program(dim=10, norm_cap=20))
    >>> solution.status, round(solution.value, 12), solution.gap
    ('certified', 1.818181818182, 0.0)
    """
    check_program(program)
    check_solver(solver, semidefinite=False)
    other = "clarabel" if solver == "highs" else "highs"
    try:
        first = _solve(program, solver)
    except SolverFailure:
        return _solve(program, other)
    if first.status != "numeric":
        return first
    try:
        second = _solve(program, other)
    except SolverFailure:
        return first
    return min(first, second, key=lambda solution: solution.gap)


def _solve(program: Program, solver: str) -> Solution:
    scaled = scale(program)
    columns = generate(scaled, solver)
    certificate = certify(scaled, columns)
    contact = contact_set(program, certificate)
    proved = certificate.verify() and certificate.gap <= CERTIFIED_GAP
    status = ("certified" if contact.attained else "infimum") if proved else "numeric"
    unit = program.delta**2
    return Solution(
        program=program,
        status=status,
        lower=certificate.lower * unit,
        upper=certificate.upper * unit,
        certificate=certificate,
        contact_set=contact,
        solver=f"{solver} {solver_version(solver)}, {columns.rounds} rounds"
        + ("" if columns.accurate else ", inaccurate by its own account"),
        solver_value=columns.value * float(unit),
        primal_residual=columns.primal_residual,
        dual_residual=columns.violation,
    )
