"""`zotheory explore`: its report, its files, and what it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zotheory.cli import app

RUNNER = CliRunner()


def explore(*arguments, store):
    return RUNNER.invoke(app, ["explore", *arguments, "--store", str(store.path), "--jobs", "1"])


def test_a_sweep_with_boundaries_figure_and_claim(store, tmp_path):
    figure, claim = tmp_path / "phases.png", tmp_path / "found.py"
    result = explore(
        *("dim=2:5", "norm_cap=6,7,8,9", "--fit", "--export-claim", str(claim), "--plot", str(figure)),
        *("--width", "1"),
        store=store,
    )
    assert result.exit_code == 0, result.output
    assert "two-atom, norm_cap tight across: V = " in result.stdout
    assert "proved: every part in general" in result.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")
    verified = RUNNER.invoke(app, ["verify", str(claim), "--no-cache", "--jobs", "1"])
    assert verified.exit_code == 0, verified.output


def test_json_has_everything(store):
    result = explore(
        "dim=4",
        "rho=9/10",
        "cap_ratio=5/4,5/2",
        "--boundaries",
        "--width",
        "1/100",
        "--format",
        "json",
        store=store,
    )
    report = json.loads(result.stdout)
    assert [point["kind"] for point in report["points"]] == ["two-atom", "importance"]
    assert report["boundaries"][0]["phases"][1] == "importance"
    assert all(point["contact_set"] and point["atoms"] for point in report["points"])


def test_a_stated_formula_is_decided(store):
    result = explore("dim=3", "norm_cap=1,6,8", "--conjecture", "R2/(R2 - d)", store=store)
    assert result.exit_code == 0
    assert "infeasible" in result.stdout
    assert "refuted" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["dim=3:2"], "empty"),
        (["dim=3", "--width", "0"], "--width"),
        (["dim=3", "--conjecture", "d +"], "conjecture"),
        (["dim=3", "--export-claim", "x.py"], "--fit"),
        (["dim=3", "--fit", "--export-claim", "x.txt"], "ends in .py"),
        (
            ["dim=3", "--fit", "--export-claim", f"{Path(__file__).parent}/conftest.py"],
            "not from this command",
        ),
        (["dim=3", "--plot", "x.png"], "one or two axes"),
        (["dim=3", "kappa=2,3", "--plot", "x.gif"], "--plot"),
        (["dim=3", "--jobs", "0"], "jobs"),
    ],
)
def test_bad_input_is_one_line(arguments, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = RUNNER.invoke(app, ["explore", *arguments])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert word in result.stderr
    assert not list(tmp_path.iterdir())
