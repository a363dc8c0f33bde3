"""Points of a sweep: what is certified at each, and how it is kept in the store of results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from zotheory.errors import InvalidArgument, SolverFailure, Unsupported
from zotheory.experiment.canonical import digest
from zotheory.experiment.experiment import Cell, Experiment, Preset
from zotheory.experiment.results import Results
from zotheory.experiment.seeds import Seed
from zotheory.experiment.table import Table
from zotheory.explore.family import NAMES, NUMBERS, Parameters, program_at
from zotheory.explore.kinds import LawKind, active, kind_of
from zotheory.programs.contact import SAME_LENGTH
from zotheory.programs.scaled import Atom
from zotheory.programs.solution import Solution
from zotheory.programs.solve import solve

NAME = "explore"
# Raise it when what is kept of a point changes.
VERSION = 1
INFEASIBLE, UNSUPPORTED, FAILED = "infeasible", "unsupported", "failed"


@dataclass(frozen=True)
class Point:
    """What is known of one program of a sweep.

    Attributes:
        parameters: the program's, exact.
        status: "certified", "infimum" (certified, but no law attains it) or "numeric", as of a `Solution`;
            "infeasible" if there is no such program, "unsupported" or "failed".
        reason: why there is no optimum; empty otherwise.
        lower, upper: the optimum lies between them; exact, None without an optimum.
        kind: of the optimal laws; see `LawKind`.
        active: constraints that optimal laws meet with equality.
        contact: the necessary and sufficient condition for a law to be optimal, in words.
        atoms: of one optimal law: energies in each eigenspace, and mass.
    """

    parameters: Parameters
    status: str
    reason: str = ""
    lower: Fraction | None = None
    upper: Fraction | None = None
    kind: str = ""
    active: tuple[str, ...] = ()
    contact: str = ""
    atoms: tuple[Atom, ...] = ()

    @property
    def certified(self) -> bool:
        """Whether the optimum is proved to within the gap."""
        return self.status in ("certified", "infimum")

    @property
    def value(self) -> float:
        """The optimum as a float; NaN without one."""
        return float("nan") if self.upper is None else float(self.upper)

    @property
    def phase(self) -> str:
        """The kind of law and the active constraints: what changes from phase to phase."""
        if self.upper is None:
            return self.status
        return f"{self.kind}, {' and '.join(self.active)} tight{self._capped}" if self.active else self.kind

    @property
    def _capped(self) -> str:
        # Which atoms the cap stops: other ones make another formula.
        if "norm_cap" not in self.active or self.kind not in (LawKind.TWO_ATOM, LawKind.MIXED):
            return ""
        longest = max(atom.norm for atom in self.atoms)
        stopped = [atom for atom in self.atoms if longest - atom.norm <= SAME_LENGTH]
        blocks = [i for atom in stopped for i, x in enumerate(atom.energies) if x]
        if self.kind == LawKind.TWO_ATOM:
            return " along" if blocks == [0] else " across"
        return f" in eigenspaces {', '.join(str(i + 1) for i in sorted(blocks))}"


def point_at(parameters: Parameters) -> Point:
    """Solve the program at a point; a program that does not exist or cannot be solved is a point too."""
    try:
        solution = solve(program_at(parameters))
    except (InvalidArgument, Unsupported, SolverFailure) as error:
        states = {InvalidArgument: INFEASIBLE, Unsupported: UNSUPPORTED, SolverFailure: FAILED}
        return Point(parameters, states[type(error)], reason=" ".join(str(error).split()))
    return _solved(parameters, solution)


def _solved(parameters: Parameters, solution: Solution) -> Point:
    return Point(
        parameters,
        solution.status,
        lower=solution.lower,
        upper=solution.upper,
        kind=str(kind_of(solution)),
        active=active(solution),
        contact=solution.contact_set.describe(),
        atoms=solution.atoms,
    )


@dataclass(frozen=True)
class Nothing:
    """A configuration without fields: all sweeps share one, so that they share their points."""


def as_experiment(points: Sequence[Parameters]) -> Experiment[Nothing]:
    """Return points as an experiment with a cell each, to be run and kept as experiments are."""
    cells = [cell_of(point) for point in points]
    experiment = Experiment(
        title="programs solved and certified",
        presets={"quick": Preset(Nothing())},
        cells=lambda config: cells,
        run=run_cell,
        version=VERSION,
        packages=("cvxpy", "highspy", "clarabel", "mpmath"),
    )
    # Below this folder there is no module, so that workers import this one by its name.
    folder = Path(__file__).parent / "points"
    return experiment.named(NAME, str(folder / NAME), _code())


def cell_of(point: Parameters) -> dict[str, Any]:
    """Return the cell of a point: every parameter's name, None for those that it does not have."""
    return {name: str(point[name]) if name in point else None for name in NAMES}


def run_cell(config: Nothing, cell: Cell, seed: Seed) -> Table:
    """Solve one point. Columns: those of `Point`; fractions and lists as text."""
    given = {name: value for name, value in cell.items() if value is not None}
    point = point_at({name: Fraction(x) if name in NUMBERS else x for name, x in given.items()})
    text = lambda number: "" if number is None else str(number)  # noqa: E731
    atoms = [[[str(x) for x in atom.energies], str(atom.mass)] for atom in point.atoms]
    return Table(
        {
            "status": point.status,
            "reason": point.reason,
            "value": point.value,
            "lower": text(point.lower),
            "upper": text(point.upper),
            "kind": point.kind,
            "active": ",".join(point.active),
            "contact": point.contact,
            "atoms": json.dumps(atoms),
        }
    )


def points_of(parameters: Sequence[Parameters], results: Results) -> list[Point]:
    """Return the points that a store has given back, in the order of their parameters."""
    rows = [{name: column[i] for name, column in results.columns.items()} for i in range(len(results))]
    return [_read(point, row) for point, row in zip(parameters, rows, strict=True)]


def _read(parameters: Parameters, row: Mapping[str, Any]) -> Point:
    atoms = json.loads(str(row["atoms"]))
    number = lambda name: Fraction(str(row[name])) if row[name] else None  # noqa: E731
    return Point(
        parameters,
        status=str(row["status"]),
        reason=str(row["reason"]),
        lower=number("lower"),
        upper=number("upper"),
        kind=str(row["kind"]),
        active=tuple(word for word in str(row["active"]).split(",") if word),
        contact=str(row["contact"]),
        atoms=tuple(Atom(tuple(map(Fraction, energies)), Fraction(mass)) for energies, mass in atoms),
    )


def _code() -> str:
    from zotheory import explore, programs

    folders = [Path(module.__path__[0]) for module in (explore, programs)]
    files = sorted(file for folder in folders for file in folder.glob("*.py"))
    return digest([[file.name, file.read_text(encoding="utf-8")] for file in files])[:16]
