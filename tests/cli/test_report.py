"""`zotheory report`: files written, exit statuses, and nothing lost to a figure that fails."""

import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from zotheory.cli import app
from zotheory.experiment import load
from zotheory.experiment import run as run_experiment
from zotheory.report import document
from zotheory.report.html import page, plane

runner = CliRunner()

EXPERIMENT = """
from dataclasses import dataclass
from zotheory.experiment import Experiment, Preset, Table


@dataclass(frozen=True)
class Config:
    \"\"\"A factor.\"\"\"

    factor: int = 1


def run(config, cell, seed):
    return Table({"y": [config.factor]}, queries=1)


EXPERIMENT = Experiment(
    title="t", presets={"quick": Preset(Config())}, cells=lambda config: [{"x": 1}], run=run
)
"""


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.setattr(page, "certified", lambda: (plane.Checked("blind", 3, 0.0, 3.0),))
    monkeypatch.chdir(tmp_path)


def report(*args):
    return runner.invoke(app, ["report", *map(str, args), "--jobs", "1"])


def test_a_page_with_the_ledger(folder, tmp_path):
    result = report(folder, "--no-figures")
    assert result.exit_code == 0, result.output
    assert "report.html: 2 claims: 1 proved, 1 refuted (as expected)" in result.stderr
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="claim-A1"' in text
    assert 'id="claim-A2"' in text


def test_latex(folder, tmp_path):
    result = report(folder, "--format", "latex", "--output", "here.tex")
    assert result.exit_code == 0
    assert "\\begin{longtable}" in (tmp_path / "here.tex").read_text()


@pytest.mark.needs_program("pdflatex")
def test_pdf(folder, tmp_path):
    assert report(folder, "--format", "pdf").exit_code == 0
    assert (tmp_path / "claims.pdf").read_bytes().startswith(b"%PDF")


def test_pdf_without_a_compiler_ends_before_claims_run(folder, monkeypatch):
    monkeypatch.setattr(document.shutil, "which", lambda name: None)
    result = report(folder, "--format", "pdf")
    assert result.exit_code == 2
    assert "pdflatex is not installed" in result.stderr
    assert "A1" not in result.stderr


def test_an_unexpected_verdict_is_exit_status_1_and_in_the_page(write, tmp_path):
    result = report(write("A1", middle=3).parent, "--no-figures")
    assert result.exit_code == 1
    assert "A1 is refuted, expected proved" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_figure_that_fails_costs_no_other_part(folder, tmp_path):
    figures = tmp_path / "paper_figs"
    figures.mkdir()
    (figures / "broken.py").write_text("1 / 0\n")
    result = report(folder)
    assert result.exit_code == 2
    assert "broken: paper_figs/broken.py: line 1: ZeroDivisionError" in result.stderr
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Not drawn: broken" in text
    assert 'id="claim-A1"' in text


def test_bad_input_is_one_line_and_writes_nothing(folder, tmp_path):
    result = report(folder, "--output", tmp_path / "absent" / "report.html")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: output = 'report.html'")
    assert report(tmp_path / "nowhere").exit_code == 2
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("format", "name", "wanted"),
    [
        ("pdf", "x.html", ".pdf"),
        ("pdf", "x.tex", ".pdf"),
        ("latex", "x.pdf", ".tex"),
        ("html", "X.PDF", ".html"),
    ],
)
def test_a_file_that_says_another_format_is_refused(folder, tmp_path, format, name, wanted):
    result = report(folder, "--format", format, "--output", tmp_path / name)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: output = '{name}': --format {format} writes {wanted}")
    assert not (tmp_path / name).exists()


def test_help_keeps_the_name_of_the_variable_whole():
    for command in ("verify", "report"):
        for width in ("60", "80", "200"):
            said = runner.invoke(
                app, [command, "--help"], env={"COLUMNS": width}, terminal_width=int(width)
            )
            assert "ZOTHEORY_CACHE_DIR" in said.stdout


@pytest.mark.parametrize("format", ["html", "latex"])
def test_a_kernel_that_is_not_installed_is_said_in_the_report(write, tmp_path, monkeypatch, format):
    path = write("A1")
    proof = (
        'coq=CoqProof(file="a1.v", formulas={"middle": ""}, theorems={"one": ("statement",)}, detail=""),'
    )
    text = path.read_text(encoding="utf-8").replace("formulas={", f"{proof} formulas={{", 1)
    path.write_text(f"from zotheory.kernel import CoqProof\n{text}", encoding="utf-8")
    monkeypatch.setenv("PATH", "")
    result = report(path, "--kernel", "coq", "--no-figures", "--format", format, "--output", "out")
    assert result.exit_code == 1
    said = "1 Coq script not read: no coqc on the PATH (Debian: apt-get install coq)"
    assert said in result.stderr
    assert said in (tmp_path / "out").read_text(encoding="utf-8")


def test_stdout_and_an_absent_store_are_refused(folder, tmp_path):
    for options in (["--output", "-"], ["--store", "absent"]):
        result = report(folder, "--no-figures", *options)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: {options[0][2:]} = {options[1]!r}: ")
    assert {path.name for path in tmp_path.iterdir()} <= {"claims", "cache"}


@pytest.fixture
def lab(write, tmp_path):
    """Two configurations of an experiment in a store, a claim that reads them, and one that does not."""
    place = tmp_path / "experiments" / "one"
    place.mkdir(parents=True)
    (place.parent / "__init__.py").write_text("")
    (place / "__init__.py").write_text(EXPERIMENT)
    for arguments in (["init", "-q"], ["add", "experiments"], ["commit", "-qm", "first"]):
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)
    experiment = load("one")
    for number in (1, 2):
        run_experiment(experiment, experiment.config_class(number), seeds=1, jobs=1)
    path = write("A1")
    reads = path.read_text(encoding="utf-8").replace("latex=", 'data=("../results/one",), latex=', 1)
    path.write_text(reads, encoding="utf-8")
    write("A2", middle=3, expected="REFUTED")
    return place / "__init__.py", path.parent


@pytest.mark.parametrize("format", ["html", "latex"])
def test_results_of_earlier_code_are_found_without_figures(lab, tmp_path, format):
    code, claims = lab
    options = ["--no-figures", "--format", format, "--output", "out"]
    fresh = report(claims, *options)
    assert fresh.exit_code == 0, fresh.output
    assert "older than" not in fresh.stderr + (tmp_path / "out").read_text(encoding="utf-8")
    code.write_text(EXPERIMENT.replace("config.factor", "config.factor + 1"))
    result = report(claims, *options)
    assert result.exit_code == 0
    headline = "Results of 1 experiment (2 of 2 sets) are older than the code"
    assert headline in result.stderr
    text = (tmp_path / "out").read_text(encoding="utf-8")
    assert headline in text
    if format == "latex":
        assert f"{headline}: one. Such results are read by A1." in text
        return
    for name in ("preset quick", "preset quick but for factor"):
        assert f"one, {name}: 1 of 1 cell measured by earlier code (changed since: one/__init__.py)" in text
    assert text.count("Reads results of one, some measured by earlier code.") == 1


def test_results_without_their_experiments_are_of_unknown_age(lab, tmp_path):
    code, claims = lab
    shutil.rmtree(code.parents[1])
    result = report(claims, "--no-figures")
    assert result.exit_code == 0
    said = "Whether results are older than the code is not known: experiments/ is not here"
    assert said in result.stderr
    assert said in (tmp_path / "report.html").read_text(encoding="utf-8")
