"""`zotheory explore`: sweep a family of programs, bound its phases, propose and decide closed forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zotheory.cli.cells import cells_shown
from zotheory.cli.common import check_writable, emit, errors_in_one_line, tell, write_report
from zotheory.cli.interruption import interruption_in_one_line
from zotheory.cli.solve import SolveFormat
from zotheory.errors import InvalidArgument

if TYPE_CHECKING:
    from zotheory.explore.conjecture import Conjecture
    from zotheory.explore.points import Point
    from zotheory.explore.sweep import Boundary
    from zotheory.ledger.verdict import Decision


def explore(
    parameters: Annotated[
        list[str],
        typer.Argument(
            help="Each dim, delta, norm_cap, cap_ratio (R²/(δ d)), kappa, rho, mu, smoothing, geometric, "
            "prior, require or knowledge, with values: 3, 1,2,5/2, 2:10 or 1:4:1/2.",
            metavar="NAME=VALUES",
        ),
    ],
    store: Annotated[Path, typer.Option(help="The folder in which solved programs are kept.")] = Path(
        "results"
    ),
    jobs: Annotated[
        int | None, typer.Option(help="How many processes.", show_default="one a processor")
    ] = None,
    boundaries: Annotated[
        bool, typer.Option("--boundaries", help="Locate where kinds of laws change, by bisection.")
    ] = False,
    width: Annotated[str, typer.Option(help="How closely boundaries are located.", metavar="X")] = "1e-6",
    fit: Annotated[
        bool, typer.Option("--fit", help="Propose a closed form for each kind of law, and decide it.")
    ] = False,
    conjecture: Annotated[
        str | None,
        typer.Option(help="Decide this formula instead, in d, delta, R2, c, kappa, rho, mu, theta, q."),
    ] = None,
    export_claim: Annotated[
        Path | None,
        typer.Option(help="Write the formula as a claim file; several get numbers.", metavar="FILE"),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the phases to this .pdf, .png or .svg file.")
    ] = None,
    format: Annotated[SolveFormat, typer.Option(help="How to write the points.")] = SolveFormat.TABLE,
    output: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
) -> None:
    """Find out which law is optimal where, for every program of a family.

    Each program is solved and certified, and kept as soon as it is: the same
    command goes on where it was stopped, and other sweeps use what is there.
    Programs that do not exist, such as a cap below δ d, are listed as such.

    Exit status 2: bad input; nothing was solved. Exit status 130: Ctrl-C;
    what is finished is kept.
    """
    from zotheory.experiment.executors import check_jobs
    from zotheory.experiment.store import Store
    from zotheory.explore.conjecture import conjectures, stated
    from zotheory.explore.family import Family
    from zotheory.explore.sweep import boundaries as located
    from zotheory.explore.sweep import sweep
    from zotheory.explore.symbols import read_formula
    from zotheory.programs.reading import read_number

    with interruption_in_one_line(), errors_in_one_line():
        family = Family.of(parameters)
        if read_number(width, "width") <= 0:
            raise InvalidArgument("--width", width, "give a number above 0")
        if conjecture is not None:
            read_formula(conjecture)
        if export_claim is not None and not fit and conjecture is None:
            raise InvalidArgument("--export-claim", str(export_claim), "give --fit or --conjecture with it")
        _check_files(family, output, plot, export_claim)
        options: dict[str, Any] = {"jobs": check_jobs(jobs), "warn": lambda line: tell(f"warning: {line}")}
        with cells_shown() as progress:
            points = sweep(family, Store(store), progress=progress, **options)
        found: list[Boundary] = []
        if boundaries or plot is not None:
            tell("locating boundaries")
            found = located(family, points, Store(store), width=width, **options)
        proposed: list[Conjecture] = []
        if conjecture is not None:
            proposed = [stated(conjecture, points)]
        elif fit:
            proposed = conjectures(points)
        if plot is not None:
            from zotheory.plotting.phase import plot_phases
            from zotheory.plotting.plane import save

            save(plot_phases(family, points, found), plot)
        from zotheory.explore.claimfile import examine

        decisions = [None if item.value is None else examine(item) for item in proposed]
        text = _text(points, found, proposed, decisions, fit or conjecture is not None, format)
        if output is None:
            emit(text)
        else:
            write_report(output, text)
        if export_claim is not None:
            _export(proposed, decisions, export_claim)


def _text(
    points: list[Point],
    found: list[Boundary],
    proposed: list[Conjecture],
    decisions: list[Decision | None],
    fitted: bool,
    format: SolveFormat,
) -> str:
    from zotheory.explore.claimfile import summary

    if format is SolveFormat.JSON:
        pairs = zip(proposed, decisions, strict=True)
        report = {
            "points": [_plain(point) for point in points],
            "boundaries": [
                {
                    "axis": item.axis,
                    "place": float(item.place),
                    "low": {k: str(v) for k, v in item.low.parameters.items()},
                    "high": {k: str(v) for k, v in item.high.parameters.items()},
                    "phases": [item.low.phase, item.high.phase],
                }
                for item in found
            ],
            "conjectures": [
                {
                    "phase": item.phase,
                    "formula": item.formula,
                    "fitted": item.fitted,
                    "agreeing": len(item.agreeing),
                    "failing": len(item.failing),
                    "verdict": None if decision is None else str(decision.verdict),
                    "reason": "no closed form" if decision is None else decision.reason,
                }
                for item, decision in pairs
            ],
        }
        return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    lines = _table(points)
    for item in found:
        rest = {name: value for name, value in item.low.parameters.items() if name != item.axis}
        where = ", ".join(f"{name} = {value}" for name, value in rest.items())
        lines.append(f"boundary: {item.axis} = {float(item.place):.9g} at {where}")
        lines.append(f"  {item.low.phase} | {item.high.phase}")
    text = "".join(f"{line}\n" for line in lines)
    if fitted and not proposed:
        text += "no closed form: none fits all values of a phase; more values may help\n"
    return text + "".join(
        summary(item, decision) for item, decision in zip(proposed, decisions, strict=True)
    )


def _table(points: list[Point]) -> list[str]:
    """Return the points as aligned lines."""
    names = list(points[0].parameters)
    rows = [[*names, "least V", "optimal law"]]
    for point in points:
        value = f"{point.value:.10g}" if point.upper is not None else "-"
        last = point.phase if point.upper is not None else f"{point.status}: {point.reason}"
        rows.append([*(str(point.parameters[name]) for name in names), value, last])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]


def _plain(point: Point) -> dict[str, Any]:
    return {
        "parameters": {name: str(value) for name, value in point.parameters.items()},
        "status": point.status,
        "reason": point.reason,
        "value": None if point.upper is None else point.value,
        "lower": None if point.lower is None else str(point.lower),
        "upper": None if point.upper is None else str(point.upper),
        "kind": point.kind,
        "active": list(point.active),
        "contact_set": point.contact,
        "atoms": [
            {"energies": [float(x) for x in atom.energies], "mass": float(atom.mass)}
            for atom in point.atoms
        ],
    }


def _export(proposed: list[Conjecture], decisions: list[Decision | None], file: Path) -> None:
    from zotheory.explore.claimfile import claim_text

    pairs = zip(proposed, decisions, strict=True)
    closed = [(item, decision) for item, decision in pairs if decision is not None]
    if not closed:
        tell(f"nothing to export: no closed form was found, and {file} was not written")
        raise typer.Exit(1)
    for index, (item, decision) in enumerate(closed):
        path = file if len(closed) == 1 else file.with_name(f"{file.stem}_{index + 1}{file.suffix}")
        write_report(path, claim_text(item, path.stem, decision))
        tell(f"claim: {path}; verify it with: zotheory verify {path}")


def _check_files(family: Any, output: Path | None, plot: Path | None, claim: Path | None) -> None:
    """Check every file before anything is solved, and leave none behind."""
    if plot is not None:
        from zotheory.explore.family import NUMBERS
        from zotheory.plotting.formats import check_suffix

        check_suffix(plot, "--plot")
        axes = family.axes
        if not 1 <= len(axes) <= 2 or any(name not in NUMBERS for name in axes):
            remedy = "a diagram has one or two axes: vary one or two parameters that are numbers"
            raise InvalidArgument("--plot", ", ".join(axes) or "nothing varies", remedy)
    if claim is not None and (claim.suffix != ".py" or not claim.stem.replace("_", "").isalnum()):
        remedy = "give a file name of letters, digits and _ that ends in .py"
        raise InvalidArgument("--export-claim", claim.name, remedy)
    if (
        claim is not None
        and claim.is_file()
        and "`zotheory explore`" not in claim.read_text("utf-8", "replace")
    ):
        remedy = "the file is there and not from this command: give another name"
        raise InvalidArgument("--export-claim", claim.name, remedy)
    for path in (output, plot, claim):
        if path is not None:
            new = not path.exists()
            check_writable(path)
            if new:
                path.unlink()
