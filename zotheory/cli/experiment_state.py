"""What the commands say of an experiment: how much of it is finished, and how a run went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zotheory.cli.common import tell

if TYPE_CHECKING:
    from zotheory.experiment.experiment import Experiment
    from zotheory.experiment.request import Request
    from zotheory.experiment.runner import Report

# Of so many kinds of failures one cell is told.
MOST_TOLD = 3


@dataclass(frozen=True)
class State:
    """How much of what is asked for is in a store.

    Attributes:
        done: cells that are finished, of those that are asked for.
        total: cells that are asked for.
        extra: finished cells of seeds beyond those.
        lines: what else is known.
        environments: in which each finished cell was measured, of those that are asked for.
    """

    done: int
    total: int
    extra: int
    lines: list[str]
    environments: list[Mapping[str, Any]]


def progress_of(request: Request[Any], store: Path) -> State:
    """Return how much of what is asked for is in a store.

    Raises:
        InvalidArgument: the store is a file.
        StoreError: the system does not let it be read.
    """
    from zotheory.experiment.request import counted
    from zotheory.experiment.store import Store

    contents = Store(store).contents(request.experiment.name, request.configuration)
    wanted = set(request.keys())
    found = {cell["key"]: (cell, record) for record in contents.records for cell in record.cells}
    asked = {key: place for key, place in found.items() if key in wanted}
    lines = [f"damaged: {item}" for item in contents.damaged]
    lines += [
        f"note: {note}: no cell is lost by it; zotheory experiment pack mends it" for note in contents.notes
    ]
    extra = [cell["seed"] for key, (cell, _) in found.items() if key not in wanted]
    if extra:
        seeds = f"seeds up to {max(extra)} (count them with --seeds {max(extra) + 1})"
        lines.append(f"besides: {counted(len(extra), 'cell')} of {seeds}")
    if asked:
        cells = [cell for cell, _ in asked.values()]
        seconds, queries = sum(cell["seconds"] for cell in cells), sum(cell["queries"] for cell in cells)
        peak = max((cell["peak_memory"] or 0 for cell in cells), default=0)
        work = f"{seconds:.1f} s of work, {counted(queries, 'function value')}"
        lines.append(f"{work}, peak memory {peak / 2**20:.0f} MiB")
    environments = [record.environments[cell["environment"]] for cell, record in asked.values()]
    return State(len(asked), len(wanted), len(extra), lines, environments)


def other_code(experiment: Experiment[Any], state: State) -> list[str]:
    """Return a line that says how many cells other code of the experiment measured, if any were."""
    from zotheory.experiment.freshness import changed_since
    from zotheory.experiment.request import counted

    known = {(fact.get("commit"), fact["code"]): fact for fact in state.environments}
    changed = {made: changed_since(experiment, [fact]) for made, fact in known.items()}
    number = sum(bool(changed[fact.get("commit"), fact["code"]]) for fact in state.environments)
    if not number:
        return []
    names = ", ".join(sorted(set().union(*changed.values())))
    return [
        f"note: the experiment's code has changed since {counted(number, 'cell')} came from it ({names}); "
        "they count while its version stays (raise it where what is measured changes)"
    ]


def summary(report: Report) -> str:
    """Return what a run did, and where the results are."""
    from zotheory.experiment.request import counted

    name = report.request.experiment.name
    counts = f"{counted(report.done, 'cell')} run, {report.found} found, {report.total} in all"
    if report.found == report.total:
        counts = f"all {counted(report.total, 'cell')} were finished before; nothing was run"
    lines = [f"{name}: {counts}, {report.seconds:.1f} s"]
    if report.failures:
        lines[0] += f"; {len(report.failures)} failed"
    return "".join(f"{line}\n" for line in [*lines, *(f"results: {path}" for path in report.packed)])


def tell_failures(report: Report) -> None:
    """Tell of a few cells that failed, and how many failed in the same way."""
    from zotheory.experiment.request import counted

    groups: dict[str, list[Any]] = {}
    for failure in report.failures:
        groups.setdefault(failure.error, []).append(failure)
    for error, (first, *others) in list(groups.items())[:MOST_TOLD]:
        more = f"; so did {counted(len(others), 'other cell')}" if others else ""
        tell(f"failed: {_cell(first.cell)}, seed {first.seed}: {error}{more}")
    left = list(groups.values())[MOST_TOLD:]
    if left:
        tell(f"failed: {counted(sum(map(len, left)), 'cell')} more, in other ways")


def _cell(cell: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in cell.items())
