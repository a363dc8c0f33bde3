"""`zotheory solve`: bad input is refused in one line, with status 2, before anything is solved."""

import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from zotheory.cli import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def nothing_is_solved(monkeypatch):
    def fail(*args, **options):
        pytest.fail("bad input reached the solver")

    monkeypatch.setattr(import_module("zotheory.programs.solve"), "solve", fail)


def refused(*args) -> str:
    result = runner.invoke(app, ["solve", *map(str, args)])
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr


def said(*args) -> str:
    (line,) = refused(*args).splitlines()
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--norm-cap", "9", "E|v|^2 = delta dim = 10"),
        ("--norm-cap", "-1", "E|v|^2 = delta dim = 10"),
        ("--norm-cap", "nan", "give a finite number"),
        ("--norm-cap", "inf", "give a finite number"),
        ("--norm-cap", "1e999999999", "give a finite number"),
        ("--norm-cap", "1e50", "at most 1e+40"),
        ("--fourth-moment", "0.99", "at least 1"),
        ("--fourth-moment", "many", "give a finite number"),
        ("--delta", "0", "above 0"),
        ("--delta", "-1", "above 0"),
        ("--delta", "1/0", "give a finite number"),
        ("--delta", "1e-300", "rescale"),
        ("--alignment", "1.1", "[0, 1]"),
        ("--alignment", "-0.1", "[0, 1]"),
        ("--smoothing", "-1", "at least 0"),
        ("--prior", "1.5,-0.5,0*8", "positive semidefinite"),
        ("--prior", "0.5,0.1*9", "trace must be one"),
        ("--prior", "0.5,0.5", "give 10 eigenvalues"),
        ("--prior", "0.5,0.1*x", 'as "0.5,0.1*5"'),
        ("--prior", "0.5,0.1*", 'as "0.5,0.1*5"'),
        ("--prior", "0.5,0.1*²", 'as "0.5,0.1*5"'),
        ("--prior", "0.5,0.1*99999999999", 'as "0.5,0.1*5"'),
    ],
)
def test_a_value_outside_its_range(option, value, remedy):
    line = said("--dim", 10, option, value)
    assert line.startswith(f"error: {option} = {value!r}: ")
    assert remedy in line


@pytest.mark.parametrize("dim", ["0", "-3", "2.5", "ten", "", "99999999999999999999", "9" * 5000])
def test_a_dimension_that_is_none(dim):
    line = said("--dim", dim)
    assert line.startswith("error: --dim = ")
    assert "give an integer from 1" in line


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--blind", "--alignment", "0.5"], ["--blind", "--alignment"]),
        (["--prior", "1,0", "--alignment", "0.5"], ["--prior", "--alignment"]),
        (["--prior", "1,0", "--blind"], ["--prior", "--blind"]),
        (["--nonnegative-covariance", "--alignment", "0.5"], ["--nonnegative-covariance", "--alignment"]),
        (["--nonnegative-covariance", "--blind"], ["--nonnegative-covariance", "--blind"]),
    ],
)
def test_what_does_not_go_together(options, named):
    line = said("--dim", 2, *options)
    assert all(name in line for name in named)
    assert "----" not in line


def test_a_guide_in_dimension_one():
    assert "only 1 exists" in said("--dim", 1, "--alignment", "0.5")


@pytest.mark.parametrize("option", ["--route", "--solver", "--format"])
def test_an_unknown_choice(option):
    text = refused("--dim", 10, option, "magic")
    assert option in text
    assert "magic" in text
    assert {"--route": "reduced", "--solver": "clarabel", "--format": "json"}[option] in text


def test_the_dimension_is_needed():
    assert "--dim" in refused()


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (["--dim", "5", "--norm-cap", "9"], "use the reduced route"),
        (["--dim", "3"], "give a --norm-cap"),
        (["--dim", "3", "--norm-cap", "4", "--blind", "--solver", "highs"], "--solver = 'highs'"),
    ],
)
def test_what_the_full_route_cannot_do(options, remedy):
    assert remedy in said(*options, "--route", "full")


def test_a_plot_that_cannot_be_written(tmp_path):
    line = said("--dim", 3, "--plot", tmp_path / "missing" / "plane.pdf")
    assert line.startswith("error: --plot = ")
    assert "No such file or directory" in line


@pytest.mark.parametrize("name", ["plane.gif", "plane", "pdf"])
def test_an_unknown_kind_of_picture(tmp_path, name):
    assert "end it in one of .pdf, .png, .svg" in said("--dim", 3, "--plot", tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    assert said("--dim", 3, "--output", tmp_path).startswith("error: --output = ")


def test_the_plot_and_the_report_need_two_files(tmp_path):
    path = tmp_path / "plane.svg"
    assert "same file" in said("--dim", 3, "--output", path, "--plot", path)


def test_refused_input_leaves_no_file_and_no_harm(tmp_path):
    old, new = tmp_path / "old.txt", tmp_path / "new.png"
    old.write_text("kept")
    said("--dim", 10, "--norm-cap", 9, "--output", old, "--plot", new)
    assert old.read_text() == "kept"
    assert not new.exists()


def test_help_is_quick_and_loses_no_letters():
    result = runner.invoke(app, ["solve", "--help"], terminal_width=200)
    assert result.exit_code == 0
    assert "Scale: E v vᵀ = δ I." in result.stdout
    code = "import sys, zotheory.cli; print({'numpy', 'cvxpy', 'sympy', 'matplotlib'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
