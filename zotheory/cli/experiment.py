"""`zotheory experiment`: list experiments, run them, see how far they are, pack their results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zotheory.cli.cells import cells_shown
from zotheory.cli.common import NOT_EXPECTED, emit, errors_in_one_line, tell
from zotheory.cli.experiment_state import other_code, progress_of, summary, tell_failures
from zotheory.cli.interruption import INTERRUPTED, interruption_in_one_line
from zotheory.cli.options import DEFAULT_EXPERIMENTS, DEFAULT_STORE, ExperimentsFolder, StorePath
from zotheory.errors import InvalidArgument

if TYPE_CHECKING:
    from zotheory.experiment.experiment import Experiment
    from zotheory.experiment.request import Request

app = typer.Typer(
    help="Run experiments, and keep their results.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


Name = Annotated[str, typer.Argument(help="The experiment, as `list` has it.", metavar="NAME")]
PresetName = Annotated[str, typer.Option(help="The configuration to start from.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a value of the configuration; repeat it.", metavar="KEY=VALUE"),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="A TOML file of values; --set wins over it.")
]
Seeds = Annotated[
    int | None, typer.Option(help="How many seeds, up to 10000.", show_default="as the preset says")
]


@app.command("list")
def list_(folder: ExperimentsFolder = DEFAULT_EXPERIMENTS, store: StorePath = DEFAULT_STORE) -> None:
    """List the experiments, their presets, and how many cells of each are finished.

    Exit status 2: bad input, or an experiment that does not load; the others are listed.
    """
    from zotheory.errors import ZotheoryError
    from zotheory.experiment.discovery import find, load
    from zotheory.experiment.files import require_folder
    from zotheory.experiment.request import Request

    failed = False
    with errors_in_one_line():
        require_folder(store)
        for name in find(folder):
            try:
                experiment = load(name, folder)
                emit(f"{name}: {experiment.title}\n")
                for preset in experiment.presets:
                    state = progress_of(Request.of(experiment, preset), store)
                    more = f", {state.extra} of more seeds" if state.extra else ""
                    emit(f"  {preset}: {state.done} of {state.total} cells finished{more}\n")
            except ZotheoryError as error:
                tell(f"error: {' '.join(str(error).split())}")
                failed = True
    if failed:
        raise typer.Exit(2)


@app.command()
def run(
    name: Name,
    preset: PresetName = "quick",
    settings: Settings = None,
    config: ConfigFile = None,
    seeds: Seeds = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="How many processes, up to 256; 1 runs all in one.", show_default="one a processor"
        ),
    ] = None,
    store: StorePath = DEFAULT_STORE,
    executor: Annotated[str, typer.Option(help="Where cells run: local or dask.")] = "local",
    scheduler: Annotated[
        str | None, typer.Option(help="Address of the dask scheduler.", metavar="ADDRESS")
    ] = None,
    folder: ExperimentsFolder = DEFAULT_EXPERIMENTS,
) -> None:
    """Run what is missing of an experiment, and keep each cell as soon as it is finished.

    The same command goes on where a run was stopped. Results of other configurations stay what they are.

    Exit status 1: a cell failed, or cost a worker. Exit status 2: bad input, a store that cannot be
    written, or workers that die whatever they run. Exit status 130: the run was interrupted by Ctrl-C.
    Finished cells are kept in any case.
    """
    from zotheory.experiment.executors import check_jobs, check_place
    from zotheory.experiment.request import counted
    from zotheory.experiment.runner import run as run_experiment
    from zotheory.experiment.store import Store

    with interruption_in_one_line(), errors_in_one_line():
        check_jobs(jobs)
        check_place(executor, scheduler)
        request = _request(name, folder, preset, settings, config, seeds)
        tell(f"{name}: configuration {request.configuration}, {counted(request.seeds, 'seed')}")
        with cells_shown() as progress:
            report = run_experiment(
                request.experiment,
                request.config,
                seeds=request.seeds,
                store=Store(store),
                jobs=jobs,
                executor=executor,
                scheduler=scheduler,
                progress=progress,
                warn=lambda line: tell(f"warning: {line}"),
            )
        emit(summary(report))
        tell_failures(report)
        place = None if executor == "local" else executor
        again = request.command(store, jobs=jobs, executor=place, scheduler=scheduler)
        if report.interrupted:
            if report.complete:
                tell("interrupted: all cells were finished before, and are kept")
            else:
                tell(f"interrupted: finished cells are kept; go on with: {again}")
            raise typer.Exit(INTERRUPTED)
        if report.failures:
            tell(f"failed: the other cells are kept; run what failed again with: {again}")
    if not report.complete:
        raise typer.Exit(NOT_EXPECTED)


@app.command()
def status(
    name: Name,
    preset: PresetName = "quick",
    settings: Settings = None,
    config: ConfigFile = None,
    seeds: Seeds = None,
    store: StorePath = DEFAULT_STORE,
    folder: ExperimentsFolder = DEFAULT_EXPERIMENTS,
) -> None:
    """Say how much of an experiment is finished, what it cost, and what is damaged.

    Exit status 1: cells are missing. Exit status 2: bad input.
    """
    from zotheory.experiment.request import counted
    from zotheory.experiment.store import Store

    with errors_in_one_line():
        request = _request(name, folder, preset, settings, config, seeds)
        state = progress_of(request, store)
        emit(f"{name}: {request.experiment.title}\n")
        done = f"{state.done} of {counted(state.total, 'cell')} finished"
        emit(f"configuration {request.configuration}, {counted(request.seeds, 'seed')}: {done}\n")
        emit("".join(f"{line}\n" for line in [*state.lines, *other_code(request.experiment, state)]))
        left = Store(store).leftovers(name)
        if left:
            emit(
                f"left over: {counted(len(left), 'file')} without results that count, such as {left[0]}: "
                "set aside as damaged, or unfinished (packing removes such ones after an hour)\n"
            )
        others = [key for key in Store(store).configurations(name) if key != request.configuration]
        if others:
            emit(f"other configurations in {store / name}: {', '.join(others)}\n")
        if state.done < state.total:
            emit(f"run: {request.command(store)}\n")
    if state.done < state.total:
        raise typer.Exit(NOT_EXPECTED)


@app.command()
def pack(
    name: Name, store: StorePath = DEFAULT_STORE, folder: ExperimentsFolder = DEFAULT_EXPERIMENTS
) -> None:
    """Join the finished cells of each configuration into one Parquet file and one manifest.

    A run ends with this; it is of use after one that was killed. Files of which cells are lost that are
    nowhere else are named, with how many, and renamed to *.damaged; what of them can be read is kept.

    Exit status 1: cells are lost. Exit status 2: bad input, or a store that cannot be written; nothing is
    changed then.
    """
    from zotheory.experiment.discovery import find
    from zotheory.experiment.faults import choose_from
    from zotheory.experiment.store import Store

    lost = list[str]()
    with errors_in_one_line():
        found = find(folder)
        if name not in found:
            raise InvalidArgument("experiment", name, choose_from(name, found))
        for path in Store(store).pack(name, tell_lost=lost.append):
            emit(f"{path}\n")
    for line in lost:
        tell(f"lost: {line}")
    if lost:
        raise typer.Exit(NOT_EXPECTED)


def _request(
    name: str,
    folder: Path,
    preset: str,
    settings: list[str] | None,
    file: Path | None,
    seeds: int | None,
) -> Request[Any]:
    from zotheory.experiment.discovery import load
    from zotheory.experiment.request import Request
    from zotheory.experiment.settings import configured

    experiment: Experiment[Any] = load(name, folder)
    base = experiment.preset(preset)
    values = {} if file is None else _read_toml(file)
    config = configured(base.config, values, settings or [])
    return Request.of(experiment, config, base.seeds if seeds is None else seeds)


def _read_toml(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = f"{file} cannot be read ({error.strerror}): give another file"
        raise InvalidArgument("config", file.name, remedy) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(
            "config", file.name, f"{file} is no TOML file ({error}): correct it"
        ) from error
