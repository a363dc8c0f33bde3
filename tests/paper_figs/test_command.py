"""`zotheory figures`: what it writes and says, and what it refuses."""

import math
import subprocess

import pytest
from typer.testing import CliRunner

from tests.paper_figs.conftest import EXPERIMENTS, FIGURES
from zotheory.cli import app
from zotheory.experiment import Report

runner = CliRunner()


@pytest.fixture
def command(store, tmp_path):
    """Return a function that runs `zotheory figures ...`."""

    def call(*words, folder=FIGURES, where=store.path, out=tmp_path / "out"):
        places = ["--folder", folder, "--store", where, "--out", out, "--experiments", EXPERIMENTS]
        return runner.invoke(app, ["figures", *map(str, [*words, *places])])

    return call


def error(result) -> str:
    """Return the only line of a command that refused its input before it wrote anything."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_it_says_where_the_results_come_from_and_what_it_wrote(command, store, tmp_path):
    result = command("mesh-losses", "--format", "svg, PNG")
    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    assert first.startswith(
        f"mesh-losses: results that are not committed, in {store.path} (preset quick, 2 seeds"
    )
    assert "), by zotheory experiment run mesh --preset quick --set " in first
    written = [tmp_path / "out" / f"mesh-losses.{end}" for end in ("svg", "png", "csv", "md")]
    assert second.split() == [str(path) for path in written]
    assert sorted((tmp_path / "out").iterdir()) == sorted(written)


def test_missing_results_name_the_command_and_the_other_figures_are_drawn(command, tmp_path):
    result = command("mesh-losses", "smoothing", "--preset", "quick", "--format", "png")
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "error"]
    assert "zotheory experiment run smoothing --preset quick --seeds 5 --store" in lines[1]
    folder = tmp_path / "toy"
    folder.mkdir()
    lost = (FIGURES / "mesh_losses.py").read_text().replace('experiment="mesh"', 'experiment="smoothing"')
    (folder / "odd.py").write_text(lost)
    (folder / "mesh_losses.py").write_text((FIGURES / "mesh_losses.py").read_text())
    result = command("--format", "png", folder=folder)
    assert result.exit_code == 2
    assert result.stdout.startswith("mesh-losses: results that are not committed, in ")
    # What a figure asks for and its results do not have is a clear error too.
    assert "error: odd: part = " in result.stderr or "error: odd: column = 'part'" in result.stderr
    assert " does not measure it: --preset shows other results" in result.stderr


def test_missing_results_can_be_measured_on_the_way(tmp_path, monkeypatch):
    experiments, folder = tmp_path / "trials", tmp_path / "drawn"
    (experiments / "toy").mkdir(parents=True)
    (experiments / "toy" / "__init__.py").write_text(
        "from dataclasses import dataclass\n"
        "from zotheory.experiment import Experiment, Preset, Table\n"
        "@dataclass(frozen=True)\n"
        "class Config:\n    'A toy.'\n    size: int = 3\n"
        "EXPERIMENT = Experiment('a toy', {'quick': Preset(Config(), seeds=2)},\n"
        "    lambda config: [{'kind': 'one'}],\n"
        "    lambda config, cell, seed: Table({'x': range(3), 'y': [1.0, 2.0, seed.index]}, queries=1))\n"
    )
    folder.mkdir()
    (folder / "toy.py").write_text(
        "from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, over_seeds\n"
        "def panels(source):\n"
        "    y = over_seeds(source.results, 'x', 'y')\n"
        "    return [Panel('t', 'x', 'y', [Series('s', Kind.MEASURED, y.x, y.mean, 'k', y.low, y.high)])]\n"
        "FIGURE = PaperFigure('toy', 'A toy', panels, lambda source: ['Nothing.'])\n"
    )
    words = ["figures", "--folder", folder, "--experiments", experiments, "--store", tmp_path / "results"]
    words = [*map(str, words), "--out", str(tmp_path / "out"), "--format", "png"]

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)

    missing = runner.invoke(app, words)
    assert missing.exit_code == 2
    assert missing.stderr.startswith("error: toy: 2 of 2 cells are not in")
    assert "run: zotheory experiment run toy --preset quick --seeds 2 --store" in missing.stderr
    with monkeypatch.context() as patch:
        stopped = Report(request=None, total=2, found=0, interrupted=True)  # type: ignore[arg-type]
        patch.setattr("zotheory.experiment.runner.run", lambda *args, **options: stopped)
        interrupted = runner.invoke(app, [*words, "--run-missing"])
    assert interrupted.exit_code == 130
    assert interrupted.stderr.splitlines()[-1].startswith("interrupted: finished cells are kept")
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # without processes that have to be started
    fresh = runner.invoke(app, [*words, "--run-missing"])
    assert fresh.exit_code == 0, fresh.output
    assert fresh.stdout.startswith(
        f"toy: measured now, into {tmp_path}/results (preset quick, 2 seeds), by "
    )
    again = runner.invoke(app, [*words, "--run-missing"])
    assert again.stdout.startswith("toy: results that are not committed, in ")
    git("init", "-q")
    git("add", "results")
    git("commit", "-qm", "results")
    kept = runner.invoke(app, words)
    assert kept.stdout.startswith(
        f"toy: committed results in {tmp_path}/results (preset quick, 2 seeds), by "
    )
    (data,) = (tmp_path / "results").rglob("*.parquet")
    git("rm", "-q", "--cached", str(data))
    assert runner.invoke(app, words).stdout.startswith("toy: results that are not committed, in ")
    lines = (tmp_path / "out" / "toy.csv").read_text().splitlines()
    assert lines[:3] == [
        "panel,x_name,y_name,series,kind,x,y,low,high",
        "t,x,y,s,measured,0.0,1.0,1.0,1.0",
        "t,x,y,s,measured,1.0,2.0,2.0,2.0",
    ]
    # Of two values that differ by 1 the standard error is 1/2; Student's quantile is tan(0.475 pi).
    reach = math.tan(0.475 * math.pi) / 2
    assert [float(word) for word in lines[3].split(",")[5:]] == pytest.approx(
        [2, 0.5, 0.5 - reach, 0.5 + reach]
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["smothing"], "figure = 'smothing': nearest: smoothing; there are: "),
        (
            ["--style", "neurisp"],
            "style = 'neurisp': nearest: neurips; there are: neurips, iclr, icml, beamer",
        ),
        (["--format", "pdff,png"], "format = 'pdff': nearest: pdf; there are: pdf, png, svg"),
        (["--format", ","], "format = ',': give some of pdf, png, svg"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(command, words, said, tmp_path):
    assert said in error(command(*words))
    assert not (tmp_path / "out").exists()


def test_places_that_cannot_be_used_are_named(command, tmp_path):
    assert "nowhere is not a folder here" in error(command(folder=tmp_path / "nowhere"))
    (tmp_path / "taken").write_text("")
    assert "taken cannot be written" in error(command("mesh", out=tmp_path / "taken"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0\n", "bad.py: line 1: ZeroDivisionError: division by zero; correct the file"),
        ("x = 1\n", "bad.py: defines no FIGURE: end it with FIGURE = PaperFigure(...)"),
        (
            "from zotheory.plotting.paper import PaperFigure\n"
            "FIGURE = PaperFigure('mesh', 't', lambda source: 1 / 0, lambda source: [])\n",
            "bad.py: line 2: ZeroDivisionError",
        ),
        (
            "from zotheory.plotting.paper import PaperFigure\n"
            "FIGURE = PaperFigure('mash', 't', lambda source: [], lambda source: [])\n",
            "experiment = 'mash': nearest: mesh",
        ),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_line(command, tmp_path, text, said):
    (tmp_path / "bad.py").write_text(text)
    assert said in error(command(folder=tmp_path))
