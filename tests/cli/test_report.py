"""`zotheory report`: files written, exit statuses, and nothing lost to a figure that fails."""

import pytest
from typer.testing import CliRunner

from zotheory.cli import app
from zotheory.report import document
from zotheory.report.html import page, plane

runner = CliRunner()


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


def test_a_kernel_that_is_not_installed_ends_before_claims_run(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = report(folder, "--kernel", "coq")
    assert result.exit_code == 2
    assert "coqc" in result.stderr
    assert "A1" not in result.stderr
