"""`zotheory verify`: run claims and report their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zotheory.cli.common import (
    BAD_INPUT,
    NOT_EXPECTED,
    check_writable,
    claim_paths,
    emit,
    errors_in_one_line,
    stdout_color,
    stdout_width,
    tell,
    write_report,
)
from zotheory.cli.options import CacheDir, ClaimPaths, Jobs, Kernel
from zotheory.cli.progress import progress_shown
from zotheory.report.formats import Format

if TYPE_CHECKING:
    from zotheory.ledger.discover import LoadFailure
    from zotheory.ledger.run import Result


def verify(
    paths: ClaimPaths = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Run only this claim; repeat it, or separate ids by commas."),
    ] = None,
    jobs: Jobs = None,
    format: Annotated[Format, typer.Option(help="How to write the report.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option(help="Write the report to this file, not to stdout.")
    ] = None,
    cache_dir: CacheDir = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Run every claim, and keep what it finds anew.")
    ] = False,
    kernel: Kernel = None,
) -> None:
    """Run claims, print the verdicts, and exit with 0 only if all are the expected ones.

    What a claim's checks find is kept, and used again until its file, a module that it imports from its
    folder, zotheory, or a package below it changes; verdicts are decided anew each time. A claim that reads
    other files should be run with --no-cache after they change.

    With --kernel coq, `coqc` reads the theorems about a claim's formulas, and accepted ones are evidence of
    the grade "kernel". Scripts that it has accepted are not read again. Without `coqc` the claims keep
    their other evidence, and the exit status is 1 if there are scripts to read.

    Exit status 1: a verdict is not the expected one, a script is refused or for lack of `coqc` not read, or
    the run was interrupted. Exit status 2: bad input: nothing was run, or a file did not load and the
    claims of the others were run.
    """
    from zotheory.cli.kernel import compiler_of, unread
    from zotheory.ledger.cache import default_folder
    from zotheory.ledger.discover import discover
    from zotheory.ledger.run import check_jobs, run, select
    from zotheory.report.formats import render
    from zotheory.report.summary import refused_script

    with errors_in_one_line():
        check_jobs(jobs)
        coqc, lacking = compiler_of(kernel)
        claims, failures = discover(claim_paths(paths))
        chosen = select(claims, split_ids(only))
        if output is not None:
            check_writable(output)
        with progress_shown() as progress:
            results = run(
                chosen,
                jobs=jobs,
                progress=progress,
                cache=cache_dir or default_folder(),
                recompute=no_cache,
                warn=lambda line: tell(f"warning: {line}"),
                kernel=coqc,
            )
    plain = output is not None
    text = render(
        results,
        format,
        failures,
        width=stdout_width(),
        color=stdout_color() and not plain,
    )
    if output is not None:
        write_report(output, text)
    else:
        emit(text)
    if output is not None or format is not Format.TABLE:
        _tell_summary(results, failures)
    missing = [claim.id for claim in chosen if claim.id not in {result.id for result in results}]
    if missing:
        tell(f"interrupted: not decided are {', '.join(missing)}")
    without = unread(results, lacking)
    for line in without:
        tell(line)
    if failures:
        raise typer.Exit(BAD_INPUT)
    if (
        missing
        or without
        or not all(result.as_expected and not refused_script(result) for result in results)
    ):
        raise typer.Exit(NOT_EXPECTED)


def split_ids(only: Sequence[str] | None) -> list[str] | None:
    """Return the ids in repeated and comma-separated options; None where there is no option."""
    if not only:
        return None
    return [name.strip() for text in only for name in text.split(",") if name.strip()]


def _tell_summary(results: Sequence[Result], failures: Sequence[LoadFailure]) -> None:
    """Say on stderr what the table would have said below its rows."""
    from zotheory.report.summary import complaints, count_line

    tell(count_line(results, failures))
    for line in complaints(results, failures):
        tell(f"  {line}")
