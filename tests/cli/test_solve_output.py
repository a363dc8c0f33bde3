"""`zotheory solve`: the table, files, and exit status."""

import json
from dataclasses import replace
from importlib import import_module

import pytest
from typer.testing import CliRunner

from zotheory.cli import app
from zotheory.errors import SolverFailure

runner = CliRunner()
# By name: the packages export functions that are called like their modules.
PROGRAMS = import_module("zotheory.programs.solve")


def run(*args):
    return runner.invoke(app, ["solve", *map(str, args)])


def test_the_table_says_everything_in_words():
    result = run("--dim", 10, "--norm-cap", 20)
    assert result.exit_code == 0
    for shown in (
        "certified",
        "1.8181818181818181",
        "optimum = 20/11 exactly",
        "proved in exact arithmetic",
        "v is parallel to the gradient",
        "|v|² ≤ 20",
        "0.55",
    ):
        assert shown in result.stdout


def test_numbers_in_the_table_survive_a_narrow_terminal(monkeypatch):
    monkeypatch.setattr(import_module("zotheory.cli.solve"), "stdout_width", lambda: 20)
    found = json.loads(run("--dim", 10, "--fourth-moment", "1.5", "--format", "json").stdout)
    table = run("--dim", 10, "--fourth-moment", "1.5").stdout
    assert "…" not in table
    for number in (found["value"], *(a[k] for a in found["atoms"] for k in ("s", "t", "mass"))):
        assert repr(number) in table
    assert "≤ optimum ≤" in " ".join(table.split())


def test_the_table_of_an_infimum_and_of_the_full_route():
    text = run("--dim", 10).stdout
    assert "attained by no law" in text
    assert "1.1111111111111112" in text
    text = run("--dim", 3, "--norm-cap", 3, "--route", "full").stdout
    assert "full route" in text
    assert "the lower bound is proved in exact arithmetic" in " ".join(text.split())


def test_a_file_takes_the_report(tmp_path):
    path = tmp_path / "solution.json"
    result = run("--dim", 10, "--norm-cap", 20, "--format", "json", "--output", path)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert json.loads(path.read_text(encoding="utf-8"))["value"] == 20 / 11


@pytest.mark.parametrize("suffix", ["pdf", "png", "svg", "PNG"])
def test_a_plot_is_written(tmp_path, suffix):
    path = tmp_path / f"plane.{suffix}"
    assert run("--dim", 10, "--norm-cap", 20, "--plot", path).exit_code == 0
    starts = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}
    assert path.read_bytes().startswith(starts[suffix.lower()])


def test_what_is_not_proved_fails(monkeypatch):
    solve = PROGRAMS.solve
    numeric = lambda program, solver: replace(solve(program), status="numeric")  # noqa: E731
    monkeypatch.setattr(PROGRAMS, "solve", numeric)
    result = run("--dim", 10, "--norm-cap", 20)
    assert result.exit_code == 1
    assert result.stderr.startswith("not proved: ")
    assert "numeric" in result.stdout


def test_solvers_that_fail_are_no_bad_input(monkeypatch):
    def fail(program, solver):
        raise SolverFailure("highs stopped:\n try the other solver")

    monkeypatch.setattr(PROGRAMS, "solve", fail)
    result = run("--dim", 10)
    assert result.exit_code == 1
    assert result.stderr == "error: highs stopped: try the other solver\n"
