"""`zotheory show`: run one claim and print everything that is known of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zotheory.cli.common import (
    NOT_EXPECTED,
    check_writable,
    claim_paths,
    emit,
    errors_in_one_line,
    stdout_width,
    tell,
)
from zotheory.errors import InvalidArgument

if TYPE_CHECKING:
    from zotheory.ledger.claim import Claim


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
    coq: Annotated[
        Path | None,
        typer.Option(
            help="Write the claim's Coq script to this file, and run nothing.",
            metavar="FILE.v",
            show_default="none",
        ),
    ] = None,
) -> None:
    """Run one claim, and print its statement, evidence, witnesses and verdict.

    With --coq the claim's formulas and the theorems about them are written to a file that stands alone:
    `coqc FILE.v` reads it with nothing but Coq's standard library.

    Exit status 1: the verdict is not the expected one. Exit status 2: bad input.
    """
    from zotheory.ledger.discover import discover
    from zotheory.ledger.run import run, select
    from zotheory.report.detail import render_detail
    from zotheory.report.objects import render_json

    with errors_in_one_line():
        claims, failures = discover(claim_paths(path))
        for failure in failures:
            tell(f"not loaded: {failure}")
        if coq is not None:
            _write_script(select(claims, [id])[0], coq)
            return
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


def _write_script(claim: Claim, file: Path) -> None:
    """Write a claim's Coq script.

    Raises:
        InvalidArgument: the claim has none, or the file cannot be written, or coqc would not take its name.
    """
    from zotheory.ledger.kernel import claim_script

    if file.suffix != ".v" or not file.stem.isidentifier() or not file.stem.isascii():
        raise InvalidArgument(
            "coq", file.name, "coqc wants a name of letters, digits and _ that ends in .v"
        )
    text = claim_script(claim)
    check_writable(file)
    file.write_text(text, encoding="utf-8")
    tell(f"written: {file}; have it read by: coqc {file}")


def _width() -> int:
    """Return a width at which prose reads well."""
    return min(max(stdout_width(), 40), 100)
