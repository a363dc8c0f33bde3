"""`zotheory solve`: the optimum of a variance program, its law, and the proof of it."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zotheory.cli.common import (
    NOT_EXPECTED,
    check_writable,
    emit,
    errors_in_one_line,
    stdout_width,
    tell,
    write_report,
)
from zotheory.errors import InvalidArgument, SolverFailure, Unsupported

if TYPE_CHECKING:
    from zotheory.programs.program import Program

# Statuses of a result that is proved; the other one, "numeric", is not.
PROVED = ("certified", "infimum")
# Names of options that messages also use as words.
WORDS = ("dim", "delta", "smoothing", "solver")


class Route(StrEnum):
    """How a program is solved: over energies, by symmetry, or over vectors, without using it."""

    REDUCED = "reduced"
    FULL = "full"


class Solver(StrEnum):
    """A convex solver; what it returns is only ever a proposal to certify."""

    HIGHS = "highs"
    CLARABEL = "clarabel"


class SolveFormat(StrEnum):
    """A way to write down a solution."""

    TABLE = "table"
    JSON = "json"


def solve(
    dim: Annotated[str, typer.Option(help="Dimension d.", metavar="D")],
    delta: Annotated[str, typer.Option(help="Scale: E v vᵀ = δ I.", metavar="X")] = "1",
    norm_cap: Annotated[
        str | None, typer.Option(help="R², a bound on |v|²; at least δ d.", metavar="R2")
    ] = None,
    fourth_moment: Annotated[
        str | None, typer.Option(help="κ, with E|v|⁴ ≤ κ δ² d²; at least 1.", metavar="KAPPA")
    ] = None,
    nonnegative_covariance: Annotated[
        bool,
        typer.Option(
            "--nonnegative-covariance",
            help="Require Cov(s, t) ≥ 0 for s along the gradient and t across.",
        ),
    ] = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="The law may not depend on the gradient; the worst one counts.")
    ] = False,
    alignment: Annotated[
        str | None,
        typer.Option(help="Correlation ρ of a guide with the gradient, from 0 to 1.", metavar="RHO"),
    ] = None,
    prior: Annotated[
        str | None,
        typer.Option(
            help='Eigenvalues of A, the gradient\'s second moment: "1/2,0.1*5".', metavar="λ1,λ2,…"
        ),
    ] = None,
    smoothing: Annotated[
        str, typer.Option(help="θ ≥ 0, the weight of E|v|⁶ (finite smoothing radius).", metavar="X")
    ] = "0",
    route: Annotated[
        Route, typer.Option(help="Over energies, by symmetry, or over vectors (d ≤ 4), as a check.")
    ] = Route.REDUCED,
    solver: Annotated[
        Solver | None,
        typer.Option(help="Who proposes the solution.", show_default="highs; clarabel for full --blind"),
    ] = None,
    format: Annotated[SolveFormat, typer.Option(help="How to write it.")] = SolveFormat.TABLE,
    output: Annotated[
        Path | None, typer.Option(help="Write the solution to this file, not to stdout.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it to this .pdf, .png or .svg file.")] = None,
) -> None:
    """Find the law with the least variance, and prove that it is.

    Minimises E (vᵀAv) |v|² + θ E |v|⁶ over the laws of v in R^d with
    E v vᵀ = δ I, where A = a aᵀ / |a|² for a known gradient a, and describes
    every law that is optimal. Numbers are read exactly: 0.1 is one tenth.

    Exit status 1: the value is not proved, or the solvers failed. Exit
    status 2: bad input; nothing was solved.
    """
    given = {
        "dim": dim,
        "delta": delta,
        "norm_cap": norm_cap,
        "fourth_moment": fourth_moment,
        "nonnegative_covariance": nonnegative_covariance,
        "blind": blind,
        "alignment": alignment,
        "prior": prior,
        "smoothing": smoothing,
        "solver": None if solver is None else str(solver),
    }
    with errors_in_one_line():
        _check_files(output, plot)
        try:
            solution = _solve(_program(given), route, solver)
        except (InvalidArgument, Unsupported) as error:
            raise _with_options(error, given) from error
        except SolverFailure as error:
            tell(f"error: {' '.join(str(error).split())}")
            raise typer.Exit(NOT_EXPECTED) from error
        if plot is not None:
            from zotheory.plotting.plane import plot_plane, save

            save(plot_plane(solution), plot)
    text = _text(solution, route, format, stdout_width() if output is None else None)
    if output is None:
        emit(text)
    else:
        write_report(output, text)
    if solution.status not in PROVED:
        tell("not proved: the value is what the solver found, without a certified bound close to it")
        raise typer.Exit(NOT_EXPECTED)


def _program(given: dict[str, Any]) -> Program:
    from zotheory.programs.program import Program, parse_prior
    from zotheory.validation import LARGEST_DIM

    try:
        dim = int(given["dim"])
    except ValueError:
        dim = 0
    if not 1 <= dim <= LARGEST_DIM:
        raise InvalidArgument("dim", given["dim"], "give an integer from 1 to 2**53")
    options = {name: value for name, value in given.items() if name not in ("dim", "solver")}
    if given["prior"] is not None:
        options["prior"] = parse_prior(given["prior"])
    return Program(dim=dim, **options)


def _solve(program: Program, route: Route, solver: Solver | None) -> Any:
    if route is Route.FULL:
        from zotheory.programs.full import solve_full

        return solve_full(program, None if solver is None else str(solver))
    from zotheory.programs.solve import solve as solve_reduced

    return solve_reduced(program, str(solver or Solver.HIGHS))


def _text(solution: Any, route: Route, format: SolveFormat, width: int | None) -> str:
    from zotheory.cli.solved import solution_object, to_json
    from zotheory.cli.solved_table import render_solution

    found = solution_object(solution, str(route))
    return to_json(found) if format is SolveFormat.JSON else render_solution(found, width or 100)


def _with_options(error: InvalidArgument | Unsupported, given: dict[str, Any]) -> Exception:
    """Return an error that names options as they are typed, with the text that was typed."""
    if isinstance(error, InvalidArgument) and error.argument in given:
        name = error.argument
        return InvalidArgument(_option(name), given[name], error.remedy)
    names = "|".join(name for name in given if name not in WORDS)
    return Unsupported(re.sub(rf"\b({names})\b", lambda found: _option(found[0]), str(error)))


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _check_files(output: Path | None, plot: Path | None) -> None:
    """Check both files before anything is solved, and leave none behind if it is not."""
    if plot is not None:
        from zotheory.plotting.formats import check_suffix

        check_suffix(plot, "--plot")
        if output is not None and plot.absolute() == output.absolute():
            raise InvalidArgument("--plot", str(plot), "--output names the same file; give another")
    for path, name in ((output, "output"), (plot, "plot")):
        if path is None:
            continue
        new = not path.exists()
        try:
            check_writable(path)
        except InvalidArgument as error:
            raise InvalidArgument(_option(name), error.value, error.remedy) from error
        if new:
            path.unlink()
