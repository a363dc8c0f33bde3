"""`zotheory experiment`: exit status, streams and messages."""

import json

import pytest
from typer.testing import CliRunner

from tests.experiment.conftest import manifests, parquets, write_toy
from zotheory.cli import app
from zotheory.cli.experiment_state import tell_failures
from zotheory.experiment import Report, Store
from zotheory.experiment.work import Outcome

runner = CliRunner()


@pytest.fixture
def zotheory(folder, store):
    """Return a function that runs `zotheory experiment ...` on the toy and its store."""

    def call(command, *words, folder=folder, where=store.path):
        places = ["--folder", str(folder), "--store", str(where)]
        return runner.invoke(app, ["experiment", command, *map(str, words), *places])

    return call


def error(result) -> str:
    """Return the last line on stderr of a command that refused its input."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    return line


def test_list_names_experiments_presets_and_progress(zotheory):
    assert zotheory("run", "toy-grid", "--jobs", 1).exit_code == 0
    result = zotheory("list")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "toy-grid: a toy",
        "  quick: 8 of 8 cells finished",
        "  paper: 0 of 27 cells finished",
    ]


def test_list_goes_on_after_an_experiment_that_does_not_load(zotheory, folder):
    (folder / "bad").mkdir()
    (folder / "bad" / "__init__.py").write_text("1 / 0\n")
    result = zotheory("list")
    assert result.exit_code == 2
    assert "toy-grid: a toy" in result.stdout
    assert "bad/__init__.py: line 1: ZeroDivisionError" in result.stderr


def test_a_run_says_what_it_did_and_where_the_results_are(zotheory, store, monkeypatch):
    monkeypatch.setenv("TOY_ACTION", "print 1")
    result = zotheory("run", "toy-grid", "--jobs", 1)
    assert result.exit_code == 0
    (path,) = manifests(store)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("toy-grid: 8 cells run, 0 found, 8 in all, ")
    assert lines[1:] == [f"results: {path}"]
    assert "noise" in result.stderr
    assert "[8/8]" in result.stderr
    again = zotheory("run", "toy-grid", "--jobs", 1)
    assert again.stdout.startswith("toy-grid: all 8 cells were finished before; nothing was run, ")


def test_settings_come_from_preset_file_and_options(zotheory, store, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('size = 2\nscale = 3\nkinds = ["square"]\n')
    words = ["--preset", "paper", "--config", file, "--set", "size=3", "--set", "limit=5", "--seeds", 1]
    assert zotheory("run", "toy-grid", *words, "--jobs", 1).exit_code == 0
    (path,) = manifests(store)
    content = json.loads(path.read_text())["content"]
    assert content["config"] == {
        "size": 3,
        "scale": 3.0,
        "kinds": ["square"],
        "limit": 5,
        "draw": True,
        "order": "",
    }
    assert sorted(cell["cell"]["x"] for cell in content["cells"]) == [0, 1, 2]


def test_status_counts_and_says_how_to_go_on(zotheory, store):
    zotheory("run", "toy-grid", "--jobs", 1, "--seeds", 1)
    zotheory("run", "toy-grid", "--jobs", 1, "--seeds", 1, "--set", "size=1")
    result = zotheory("status", "toy-grid")
    assert result.exit_code == 1
    assert ": 4 of 8 cells finished" in result.stdout
    assert f"{10 + 11 + 12 + 13} function values, peak memory" in result.stdout
    assert "other configurations in " in result.stdout
    command = "run: zotheory experiment run toy-grid --preset quick --seeds 2 --store"
    assert f"{command} {store.path}" in result.stdout
    assert zotheory("status", "toy-grid", "--seeds", 1).exit_code == 0


def test_too_many_seeds_are_refused_at_once_by_status_too(zotheory):
    assert "seeds = 1000000: give at most 10000" in error(
        zotheory("status", "toy-grid", "--seeds", 1000000)
    )


def test_seeds_beyond_those_asked_for_are_shown(zotheory):
    zotheory("run", "toy-grid", "--jobs", 1, "--seeds", 4)
    result = zotheory("status", "toy-grid")
    assert result.exit_code == 0
    assert ", 2 seeds: 8 of 8 cells finished" in result.stdout
    assert "besides: 8 cells of seeds up to 3 (count them with --seeds 4)" in result.stdout
    assert ", 4 seeds: 16 of 16 cells finished" in (
        said := zotheory("status", "toy-grid", "--seeds", 4).stdout
    )
    assert "besides" not in said
    assert ", 1 seed: 4 of 4 cells finished" in zotheory("status", "toy-grid", "--seeds", 1).stdout
    assert "  quick: 8 of 8 cells finished, 8 of more seeds\n" in zotheory("list").stdout


def test_status_names_damage_and_other_code(zotheory, store, folder, tmp_path):
    zotheory("run", "toy-grid", "--jobs", 1, "--seeds", 1)
    changed = write_toy(tmp_path / "changed" / "trials")
    (changed / "_shared.py").write_text("def square(x):\n    return x**2\n")
    result = zotheory("status", "toy-grid", "--seeds", 1, folder=changed)
    assert result.exit_code == 0
    assert "note: the experiment's code has changed since 4 cells came from it (" in result.stdout
    assert "has changed" not in zotheory("status", "toy-grid", "--seeds", 1).stdout
    (path,) = parquets(store)
    path.write_bytes(path.read_bytes()[:100])
    result = zotheory("status", "toy-grid", "--seeds", 1)
    assert result.exit_code == 1
    assert f"checksum of {path.name} differs" in result.stdout
    assert ": 0 of 4 cells finished" in result.stdout
    mended = zotheory("run", "toy-grid", "--jobs", 1, "--seeds", 1)
    assert mended.exit_code == 0
    assert "warning: damaged: " in mended.stderr
    assert zotheory("status", "toy-grid", "--seeds", 1).exit_code == 0


def test_a_cell_that_fails_costs_no_other_and_is_named(zotheory, store, monkeypatch, toy):
    monkeypatch.setenv("TOY_ACTION", "raise 2")
    result = zotheory("run", "toy-grid", "--jobs", 1)
    assert result.exit_code == 1
    assert "6 cells run, 0 found, 8 in all" in result.stdout
    assert "2 failed" in result.stdout
    told, again = (line for line in result.stderr.splitlines() if line.startswith("failed: "))
    assert told.startswith("failed: x=2, law=even, seed 0: ValueError: the toy broke (")
    assert told.endswith("); so did 1 other cell")
    assert again.startswith(
        "failed: the other cells are kept; run what failed again with: zotheory experiment run toy-grid "
    )
    monkeypatch.delenv("TOY_ACTION")
    assert "2 cells run, 6 found" in zotheory("run", "toy-grid", "--jobs", 1).stdout


def test_a_run_that_returns_no_table_is_named(zotheory, monkeypatch):
    monkeypatch.setenv("TOY_ACTION", "return 2")
    result = zotheory("run", "toy-grid", "--jobs", 1)
    assert result.exit_code == 1
    assert "run returned a dict: return a Table" in result.stderr


def test_cells_that_fail_in_different_ways_are_all_told_of(capsys):
    def failed(x, seed, error):
        return Outcome(str(x), {"x": x}, seed, error=error)

    failures = [failed(x, 0, f"error {x % 5}") for x in range(7)]
    tell_failures(Report(request=None, total=9, found=0, failures=failures))  # type: ignore[arg-type]
    assert capsys.readouterr().err.splitlines() == [
        "failed: x=0, seed 0: error 0; so did 1 other cell",
        "failed: x=1, seed 0: error 1; so did 1 other cell",
        "failed: x=2, seed 0: error 2",
        "failed: 2 cells more, in other ways",
    ]


def test_pack_says_what_is_lost_and_deletes_none_of_it(zotheory, store):
    zotheory("run", "toy-grid", "--jobs", 1)
    (path,), (data,) = manifests(store), parquets(store)
    path.write_text("{")
    assert "8 of 8 cells finished" in (said := zotheory("status", "toy-grid").stdout)
    assert f"note: {path} (the manifest is cut short or damaged): no cell is lost by it" in said
    result = zotheory("pack", "toy-grid")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "note" not in zotheory("status", "toy-grid").stdout
    data.write_bytes(data.read_bytes()[:10])
    result = zotheory("pack", "toy-grid")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        f"lost: {path} (the checksum of {data.name} differs; 8 of 8 cells lost, of 2 seeds"
    )
    said = zotheory("status", "toy-grid").stdout
    assert "0 of 8 cells finished" in said
    assert "left over: 2 files without results that count, such as " in said
    assert "error" not in said


def test_pack_is_a_command(zotheory, store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Store, "pack", lambda *args, **options: [])
        zotheory("run", "toy-grid", "--jobs", 1)
    assert len(parquets(store)) == 8
    result = zotheory("pack", "toy-grid")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(path) for path in manifests(store)]
    assert len(parquets(store)) == 1


@pytest.mark.parametrize("command", ["list", "run", "status", "pack"])
def test_a_store_that_is_a_file_is_refused(zotheory, tmp_path, command):
    (tmp_path / "taken").write_text("")
    words = [] if command == "list" else ["toy-grid"]
    assert "taken is a file: give a folder" in error(zotheory(command, *words, where=tmp_path / "taken"))


@pytest.mark.parametrize("command", ["run", "status", "pack"])
def test_an_unknown_experiment_is_refused_with_the_nearest(zotheory, command):
    said = error(zotheory(command, "toy-gird"))
    assert said == "error: experiment = 'toy-gird': nearest: toy-grid; there are: toy-grid"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "sise=3"], "key = 'sise': nearest: size"),
        (["--set", "size=many"], "size = 'many': give an integer"),
        (["--set", "size=0"], "size = 0: give at least 1"),
        (["--set", "size"], "write key=value"),
        (["--set", "kinds=cube"], "there are: sum, square"),
        (["--set", "kinds=[]"], "kinds = (): give at least one: some of sum, square"),
        (["--set", "mus_per_decade=3"], "key = 'mus_per_decade': there are: size, scale, kinds"),
        (["--set", "scale=nan"], "scale = nan: give a finite number"),
        (["--preset", "quik"], "nearest: quick"),
        (["--config", "nowhere.toml"], "cannot be read (No such file or directory)"),
        (["--seeds", "0"], "seeds = 0: give an integer of at least 1"),
        (["--seeds", "10001"], "seeds = 10001: give at most 10000"),
        (["--seeds", "1000000000"], "seeds = 1000000000: give at most 10000"),
        (["--jobs", "0"], "jobs = 0: give an integer of at least 1"),
        (["--jobs", "257"], "jobs = 257: give at most 256"),
        (["--executor", "spark"], "executor = 'spark': there are: local, dask"),
        (["--executor", "dsk"], "executor = 'dsk': nearest: dask; there are: local, dask"),
        (["--executor", "dask"], "scheduler = None: give its address, such as tcp://host:8786"),
        (["--executor", "dask", "--scheduler", "host"], "scheduler = 'host': give its address"),
        (["--set", 'kinds=["sum","square"]'], "write values with commas and no quotes: kinds=sum,square"),
        (["--set", "kinds=sum,sqare"], "kinds = 'sqare': nearest: square; there are: sum, square"),
        (["--scheduler", "tcp://host:1"], "it needs --executor dask"),
    ],
)
def test_bad_input_is_one_line_and_runs_nothing(zotheory, store, log, words, said):
    result = zotheory("run", "toy-grid", *words)
    assert said in error(result)
    assert len(result.stderr.splitlines()) == 1
    assert log() == []
    assert not store.path.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("size = = 3\n", "is no TOML file (Invalid value (at line 1, column 8)): correct it"),
        ("[toy-grid]\nsize = 3\n", "config = '[toy-grid]': a table: write KEY = VALUE above all tables"),
        ("sise = 3\n", "key = 'sise': nearest: size"),
        ("size = 0\n", "size = 0: give at least 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(zotheory, tmp_path, text, said):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    assert said in error(zotheory("run", "toy-grid", "--config", file))


def test_a_folder_that_is_not_there_is_named(zotheory, tmp_path):
    said = error(zotheory("run", "toy-grid", folder=tmp_path / "nowhere"))
    assert "nowhere is not a folder here" in said


def test_progress_lines_tell_the_time_left(monkeypatch, capsys):
    from zotheory.cli import cells

    clock = iter([0.0, 1.0, 2.0, 11.0, 12.0])
    monkeypatch.setattr(cells.time, "monotonic", lambda: next(clock))
    lines = cells._Lines()
    for done in (4, 5, 10, 14):
        lines(done, 14)
    # Six cells in eleven seconds from the start, and four are left; two cells at two seconds say nothing.
    assert capsys.readouterr().err.splitlines() == [
        "[10/14] about 7 s left",
        "[14/14] about 0 s left",
    ]


def test_time_left_is_not_told_from_a_few_cells_of_many(monkeypatch, capsys):
    from zotheory.cli import cells

    clock = iter([0.0, 0.0, 9.0, 20.0, 30.0])
    monkeypatch.setattr(cells.time, "monotonic", lambda: next(clock))
    lines = cells._Lines()
    for done in (100, 101, 119, 120):
        lines(done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "[ 101/1000]",
        "[ 119/1000]",
        "[ 120/1000] about 22 min left",
    ]


def test_a_long_run_tells_its_time_in_hours_and_ever_less_often(monkeypatch, capsys):
    from zotheory.cli import cells

    clock = iter([0.0, 0.0, 7200.0, 7300.0, 7400.0])
    monkeypatch.setattr(cells.time, "monotonic", lambda: next(clock))
    lines = cells._Lines()
    for done in (0, 10, 11, 12):
        lines(done, 40)
    # Ten cells in 7200 s leave 30 * 720 s, then lines come every 146 s, and 28 * 7400 / 12 s are left.
    assert capsys.readouterr().err.splitlines() == [
        "[10/40] about 6 h 00 min left",
        "[12/40] about 4 h 48 min left",
    ]
    assert [cells._duration(seconds) for seconds in (119, 120, 3590)] == ["119 s", "2 min", "1 h 00 min"]


def test_a_terminal_gets_a_bar_with_the_time_left(monkeypatch):
    from rich.progress import Progress, TimeRemainingColumn

    from zotheory.cli import cells

    bars = []
    honest = Progress.__init__

    def noted(self, *columns, **options):
        bars.append((self, columns))
        honest(self, *columns, **options)

    monkeypatch.setattr(Progress, "__init__", noted)
    monkeypatch.setattr(cells.sys.stderr, "isatty", lambda: True)
    with cells.cells_shown() as progress:
        progress(1, 4)
        ((bar, columns),) = bars
        assert any(isinstance(column, TimeRemainingColumn) for column in columns)
        assert (bar.tasks[0].completed, bar.tasks[0].total) == (1, 4)
