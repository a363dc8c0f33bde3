"""`zotheory report`: everything that is known, as one HTML page, or the claims as an appendix."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zotheory.cli.common import (
    BAD_INPUT,
    NOT_EXPECTED,
    check_writable,
    claim_paths,
    errors_in_one_line,
    tell,
    write_report,
)
from zotheory.cli.interruption import interruption_in_one_line
from zotheory.cli.options import (
    DEFAULT_EXPERIMENTS,
    DEFAULT_FIGURES,
    DEFAULT_STORE,
    CacheDir,
    ClaimPaths,
    ExperimentsFolder,
    FiguresFolder,
    Jobs,
    Kernel,
    StorePath,
)
from zotheory.cli.progress import progress_shown
from zotheory.errors import InvalidArgument

if TYPE_CHECKING:
    from zotheory.report.ages import Changes
    from zotheory.report.html.page import Picture


class ReportFormat(StrEnum):
    """A way to write the report."""

    HTML = "html"
    LATEX = "latex"
    PDF = "pdf"


# What a file of another format ends in: the first of each is said in the error.
_SUFFIXES = {
    ReportFormat.HTML: (".html", ".htm"),
    ReportFormat.LATEX: (".tex",),
    ReportFormat.PDF: (".pdf",),
}
_NAMES = {
    ReportFormat.HTML: "report.html",
    ReportFormat.LATEX: "claims.tex",
    ReportFormat.PDF: "claims.pdf",
}


def report(
    paths: ClaimPaths = None,
    format: Annotated[
        ReportFormat, typer.Option(help="html: all of it; latex, pdf: the claims, for an appendix.")
    ] = ReportFormat.HTML,
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write.", show_default="report.html, claims.tex or claims.pdf"),
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw the figures, of the HTML page.")
    ] = True,
    store: StorePath = DEFAULT_STORE,
    folder: FiguresFolder = DEFAULT_FIGURES,
    experiments: ExperimentsFolder = DEFAULT_EXPERIMENTS,
    jobs: Jobs = None,
    cache_dir: CacheDir = None,
    kernel: Kernel = None,
) -> None:
    """Run the claims, draw the figures, and write a report that needs no other file.

    The HTML page opens from disk: the ledger with filters, statements, evidence and witnesses, the optimal
    laws in a plane with sliders, the figures, and what rests on what. latex and pdf hold every claim with
    its verdict. All of them say which stored results are older than the code of their experiment, and which
    claims read such results.

    Exit status 1: a verdict is not the expected one, a script is refused or for lack of `coqc` not read, or
    the run was interrupted. Exit status 2: bad input, or a claim file or figure that failed; the report is
    written with the others.
    """
    from zotheory.cli.kernel import compiler_of, unread
    from zotheory.ledger.cache import default_folder
    from zotheory.ledger.discover import discover
    from zotheory.ledger.run import check_jobs, run

    target = output or Path(_NAMES[format])
    failed: list[str] = []
    with interruption_in_one_line(), errors_in_one_line():
        check_jobs(jobs)
        _check_suffix(target, format)
        _check_store(store)
        coqc, lacking = compiler_of(kernel)
        claims, failures = discover(claim_paths(paths))
        check_writable(target)
        if format is ReportFormat.PDF:
            from zotheory.report.document import require_compiler

            require_compiler()
        with progress_shown() as progress:
            results = run(
                claims,
                jobs=jobs,
                progress=progress,
                cache=cache_dir or default_folder(),
                warn=lambda line: tell(f"warning: {line}"),
                kernel=coqc,
            )
        failed += [f"not loaded: {failure}" for failure in failures]
        without = unread(results, lacking)
        from zotheory.report.ages import Changes, ages_of

        changes = Changes()
        ages = ages_of(store, experiments, claims, changes)
        if format is ReportFormat.HTML:
            pictures, troubles = _pictures(store, folder, experiments, changes) if figures else ([], [])
            failed += troubles
            notes = [*(f"{line}." for line in without), *(f"Not drawn: {line}" for line in troubles)]
            from zotheory.report.html.page import render_html

            page = render_html(results, pictures, failures, notes=notes, ages=ages)
            write_report(target, page)
        else:
            from zotheory.report.document import compiled, document

            text = document(results, ages, notes=without)
            if format is ReportFormat.LATEX:
                write_report(target, text)
            else:
                target.write_bytes(compiled(text))
    from zotheory.report.summary import complaints, count_line, refused_script

    tell(f"{target}: {count_line(results, failures)}")
    told = [ages.headline] if ages.old else []
    for line in [*complaints(results), *without, *failed, *told, *ages.notes]:
        tell(f"  {line}")
    if failed:
        raise typer.Exit(BAD_INPUT)
    good = all(result.as_expected and not refused_script(result) for result in results)
    if len(results) < len(claims) or without or not good:
        raise typer.Exit(NOT_EXPECTED)


def _check_suffix(target: Path, format: ReportFormat) -> None:
    """Check that a file's name does not say another format than the one that is written.

    Raises:
        InvalidArgument: it does.
    """
    for other, suffixes in _SUFFIXES.items():
        if other is not format and target.suffix.lower() in suffixes:
            wanted = _SUFFIXES[format][0]
            remedy = f"--format {format} writes {wanted}: give a file that ends in it, or --format {other}"
            raise InvalidArgument("output", target.name, remedy)


def _check_store(store: Path) -> None:
    """Check that a folder of results is there; the default one need not be.

    Raises:
        InvalidArgument: it is not, or it is a file.
    """
    from zotheory.experiment.files import require_folder

    require_folder(store)
    if store != DEFAULT_STORE and not store.is_dir():
        raise InvalidArgument("store", store.name, f"{store} is not here: give a folder of results")


def _pictures(
    store: Path, folder: Path, experiments: Path, changes: Changes
) -> tuple[list[Picture], list[str]]:
    """Return the figures whose results are in the store, and a line for each that failed."""
    from zotheory.errors import ZotheoryError
    from zotheory.experiment.discovery import load
    from zotheory.experiment.faults import MissingResults
    from zotheory.experiment.store import Store
    from zotheory.plotting.paper.discovery import find_figures, load_figure
    from zotheory.plotting.paper.source import best_source
    from zotheory.plotting.paper.writing import write_figure
    from zotheory.report.html.page import Picture

    if not folder.is_dir():
        tell(f"no figures: {folder}/ is not here; give --folder, or --no-figures")
        return [], []
    found: list[Picture] = []
    troubles: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in find_figures(folder):
            try:
                figure = load_figure(name, folder)
                experiment = load(figure.experiment, experiments)
                source = best_source(experiment, Store(store), preferred=figure.preset)
                drawn = {path.suffix: path for path in write_figure(figure, source, scratch, ("svg",))}
                changed = changes.since(experiment, [fact["environment"] for fact in source.results.facts])
            except MissingResults as error:
                tell(f"not shown: {name}: {error}")
                continue
            except (ZotheoryError, ImportError) as error:
                troubles.append(f"{name}: {' '.join(str(error).split())}")
                continue
            texts = [drawn[suffix].read_text(encoding="utf-8") for suffix in (".svg", ".md")]
            found.append(Picture(name, *texts, stale=_stale(changed, source.command)))
    return found, troubles


def _stale(changed: Sequence[str], command: str) -> str:
    if not changed:
        return ""
    return f"measured by earlier code (changed since: {', '.join(changed)}); to measure again: {command}"
