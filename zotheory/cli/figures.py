"""`zotheory figures`: draw figures from the store of results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zotheory.cli.cells import cells_shown
from zotheory.cli.common import BAD_INPUT, emit, errors_in_one_line, tell
from zotheory.cli.interruption import interruption_in_one_line
from zotheory.cli.options import (
    DEFAULT_EXPERIMENTS,
    DEFAULT_FIGURES,
    DEFAULT_STORE,
    ExperimentsFolder,
    FiguresFolder,
    StorePath,
)

if TYPE_CHECKING:
    from zotheory.experiment.experiment import Experiment
    from zotheory.experiment.store import Store
    from zotheory.plotting.paper.source import Source


def figures(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which figures.", metavar="NAME", show_default="all")
    ] = None,
    format: Annotated[str, typer.Option(help="Some of pdf, png and svg, with commas.")] = "pdf,png",
    style: Annotated[
        str, typer.Option(help="The page: neurips, iclr, icml (one column) or beamer.")
    ] = "neurips",
    store: StorePath = DEFAULT_STORE,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("figures"),
    preset: Annotated[
        str | None,
        typer.Option(
            help="Show these results.", show_default="the figure's own, or the most expensive in the store"
        ),
    ] = None,
    run_missing: Annotated[
        bool, typer.Option("--run-missing", help="Measure what is not in the store, at preset quick.")
    ] = False,
    folder: FiguresFolder = DEFAULT_FIGURES,
    experiments: ExperimentsFolder = DEFAULT_EXPERIMENTS,
) -> None:
    """Draw figures; beside each its plotted numbers (CSV) and its caption (Markdown) are written.

    Says of each figure whether it shows committed results or others, of which commit, preset and seeds.

    Exit status 2: bad input, or a figure whose results are missing or that cannot be drawn; the others are
    drawn. Exit status 130: interrupted by Ctrl-C.
    """
    from zotheory.errors import InvalidArgument, ZotheoryError
    from zotheory.experiment.discovery import load
    from zotheory.experiment.store import Store
    from zotheory.plotting.paper.discovery import FigureError, described, find_figures, load_figure
    from zotheory.plotting.paper.pages import page_of
    from zotheory.plotting.paper.writing import parsed_formats, require_writable_folder, write_figure

    failed = False
    with interruption_in_one_line(), errors_in_one_line():
        files = find_figures(folder)
        chosen = list(dict.fromkeys(names or files))
        for name in chosen:
            if name not in files:
                load_figure(name, folder)  # raises, with the nearest names
        formats, _ = parsed_formats(format), page_of(style)
        require_writable_folder(out)
        for name in chosen:
            try:
                figure = load_figure(name, folder)
                experiment = load(figure.experiment, experiments)
                source, fresh = _source(experiment, Store(store), preset, run_missing, figure.preset)
                for item in Store(store).contents(experiment.name, source.request.configuration).damaged:
                    tell(f"warning: {name}: seeds may be missing: damaged: {item}")
                try:
                    paths = write_figure(figure, source, out, formats, style)
                except InvalidArgument as error:
                    lacking = f"{error}: {source.command} does not measure it: --preset shows other results"
                    raise FigureError(lacking) from error
                except ZotheoryError:
                    raise
                except Exception as error:
                    raise FigureError(described(error, files[name])) from error
                emit(f"{name}: {_origin(source, fresh)}\n")
                emit(f"  {' '.join(str(path) for path in paths)}\n")
            except ZotheoryError as error:
                text = " ".join(str(error).split())
                tell(f"error: {text}" if text.startswith(f"{name}: ") else f"error: {name}: {text}")
                failed = True
    if failed:
        raise typer.Exit(BAD_INPUT)


def _origin(source: Source, fresh: bool) -> str:
    """Return what results were drawn: which store, whether they are committed, and what made them."""
    from zotheory.experiment.request import counted

    if fresh:
        kind = "measured now, into"
    else:
        kind = "committed results in" if source.committed else "results that are not committed, in"
    commits = f", at commit {', '.join(source.commits)}" if source.commits else ""
    measured = f"preset {source.request.preset}, {counted(source.seeds, 'seed')}{commits}"
    return f"{kind} {source.store.path} ({measured}), by {source.command}"


def _source(
    experiment: Experiment[Any], store: Store, preset: str | None, run_missing: bool, preferred: str
) -> tuple[Source, bool]:
    """Return results, and whether they were measured for it."""
    from zotheory.experiment.faults import MissingResults
    from zotheory.experiment.runner import run
    from zotheory.plotting.paper.source import best_source

    try:
        return best_source(experiment, store, preset, preferred=preferred), False
    except MissingResults:
        if not run_missing:
            raise
    wanted = preset or "quick"
    tell(f"{experiment.name}: not in {store.path}: measuring preset {wanted}")
    with cells_shown() as progress:
        report = run(
            experiment, wanted, store=store, progress=progress, warn=lambda line: tell(f"warning: {line}")
        )
    for failure in report.failures[:1]:
        tell(f"failed: {failure.cell}, seed {failure.seed}: {failure.error}")
    if report.interrupted:
        raise KeyboardInterrupt
    return best_source(experiment, store, preset), True
