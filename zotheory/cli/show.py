"""`zotheory show`: run one claim and print everything that is known of it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zotheory.cli.common import (
    NOT_EXPECTED,
    claim_paths,
    emit,
    errors_in_one_line,
    stdout_width,
    tell,
)


class ShowFormat(StrEnum):
    """A way to write down one result."""

    TEXT = "text"
    JSON = "json"


def show(
    id: Annotated[str, typer.Argument(help="The id of the claim.", metavar="ID")],
    path: Annotated[
        list[Path] | None,
        typer.Option(help="Claim file or folder; repeat it.", show_default="proofs_checks/"),
    ] = None,
    format: Annotated[ShowFormat, typer.Option(help="How to write it.")] = ShowFormat.TEXT,
) -> None:
    """Run one claim, and print its statement, evidence, witnesses and verdict.

    Exit status 1: the verdict is not the expected one. Exit status 2: bad input.
    """
    from zotheory.ledger.discover import discover
    from zotheory.ledger.run import run
    from zotheory.report.detail import render_detail
    from zotheory.report.objects import render_json

    with errors_in_one_line():
        claims, failures = discover(claim_paths(path))
        for failure in failures:
            tell(f"not loaded: {failure}")
        results = run(claims, only=[id], jobs=1)
    if not results:
        tell(f"interrupted: {id} is not decided")
        raise typer.Exit(NOT_EXPECTED)
    result = results[0]
    emit(render_json(results) if format is ShowFormat.JSON else render_detail(result, _width()))
    if result.depends:
        tell(f"note: {', '.join(result.depends)}, on which {id} rests, did not run; use verify")
    if not result.as_expected:
        raise typer.Exit(NOT_EXPECTED)


def _width() -> int:
    """Return a width at which prose reads well."""
    return min(max(stdout_width(), 40), 100)
