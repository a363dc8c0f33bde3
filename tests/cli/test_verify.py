"""`zotheory verify`: exit status, streams, and messages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zotheory import __version__
from zotheory.cli import app

runner = CliRunner()


def verify(*args, jobs="1"):
    return runner.invoke(app, ["verify", *map(str, args), "--jobs", jobs])


def last_error(result) -> str:
    """Return the only line on stderr of a command that refused its input."""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert result.stdout == ""
    return line


def test_all_as_expected_is_success(folder):
    result = verify(folder)
    assert result.exit_code == 0
    assert "2 claims: 1 proved, 1 refuted (as expected)" in result.stdout


def test_the_default_path_is_relative_to_the_working_directory(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = verify()
    assert result.exit_code == 2
    assert "proofs_checks/" in last_error(result)
    assert "not in the working directory" in last_error(result)
    folder.rename(tmp_path / "proofs_checks")
    assert verify().exit_code == 0


def test_an_unexpected_verdict_fails_with_its_reason(folder, write):
    write("A3", middle=5)
    result = verify(folder)
    assert result.exit_code == 1
    assert "A3 is refuted, expected proved: exact counterexample by 'expansion'" in result.stdout


def test_a_proof_that_was_not_expected_fails_too(write):
    result = verify(write("A1", expected="REFUTED"))
    assert result.exit_code == 1
    assert "A1 is proved, expected refuted" in result.stdout


def test_a_file_that_does_not_load_fails_while_the_others_run(folder):
    (folder / "bad.py").write_text("1 / 0\n")
    result = verify(folder)
    assert result.exit_code == 2
    assert "2 claims: 1 proved, 1 refuted (as expected), 1 file not loaded" in result.stdout
    assert "bad.py: line 1: ZeroDivisionError" in result.stdout
    assert "Traceback" not in result.output


def test_only_files_that_do_not_load_is_a_failure_of_the_run(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("1 / 0\n")
    result = verify(bad, "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == []
    assert "ZeroDivisionError" in result.stderr


@pytest.mark.parametrize("options", [["--only", "A1", "--only", "A2"], ["--only", "A1, A2"]])
def test_only_can_be_repeated_or_separated_by_commas(folder, write, options):
    write("A3", middle=5)
    result = verify(folder, *options, "--format", "json")
    assert result.exit_code == 0
    assert [item["id"] for item in json.loads(result.stdout)] == ["A1", "A2"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nowhere"], "nowhere"),
        (["claims", "--only", "A9"], "nearest: "),
        (["claims", "--only", ","], "name at least one claim"),
        (["claims", "--jobs", "0"], "jobs = 0"),
        (["claims", "--output", "no/such/folder/out.txt"], "cannot be written"),
        (["claims", "--output", "claims"], "cannot be written"),
        (["empty"], "no claim file"),
    ],
)
def test_bad_input_is_one_line_and_runs_nothing(folder, monkeypatch, tmp_path, args, said):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    result = runner.invoke(app, ["verify", *args])
    assert result.exit_code == 2
    assert said in last_error(result)


def test_claims_that_do_not_fit_together_are_bad_input(folder, write):
    write("A3", depends=("A3",))
    result = verify(folder)
    assert result.exit_code == 2
    assert "rest on each other" in last_error(result)


@pytest.mark.parametrize("format", ["json", "markdown", "latex"])
def test_standard_output_is_the_report_and_nothing_else(folder, format):
    result = verify(folder, "--format", format, jobs="2")
    assert result.exit_code == 0
    assert "noise" not in result.stdout
    assert "[2/2]" not in result.stdout
    assert "[2/2]" in result.stderr
    assert "2 claims: 1 proved" in result.stderr
    start = {"json": "[\n", "markdown": "| id |", "latex": "% Needs"}[format]
    assert result.stdout.startswith(start)


def test_the_report_can_go_to_a_file(folder, tmp_path):
    output = tmp_path / "report.json"
    output.write_text("old")
    result = verify(folder, "--format", "json", "--output", output)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "2 claims" in result.stderr
    assert json.loads(output.read_text(encoding="utf-8"))[0]["statement"] == "(a + 1)² = a² + 2a + 1"


def test_an_interrupt_reports_what_was_decided_and_fails(folder):
    last = folder / "a3.py"
    text = (folder / "a1.py").read_text(encoding="utf-8").replace("'A1'", "'A3'")
    last.write_text(text.replace('print("noise")', "raise KeyboardInterrupt"), encoding="utf-8")
    (folder / "a4.py").write_text(text.replace("'A3'", "'A4'").replace("'A1'", "'A4'"), encoding="utf-8")
    result = verify(folder, "--jobs", "1")
    assert result.exit_code == 1
    assert "3 claims: 1 proved" in result.stdout
    assert "A3 is undecided, expected proved" in result.stdout
    assert "check 'expansion' is inconclusive: interrupted" in result.stdout
    assert "interrupted: not decided are A4" in result.stderr


def zotheory(*args, **options):
    command = [sys.executable, "-c", "from zotheory.cli import main; main()", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_a_real_process_exits_with_these_statuses(folder, write):
    good = zotheory("verify", folder, "--format", "json", "--jobs", "2", encoding="utf-8")
    assert good.returncode == 0
    assert [item["verdict"] for item in json.loads(good.stdout)] == ["proved", "refuted"]
    write("A3", middle=5)
    assert zotheory("verify", folder, "--only", "A3").returncode == 1
    bad = zotheory("verify", folder, "--only", "A8")
    assert bad.returncode == 2
    assert bad.stdout == ""
    assert bad.stderr.startswith("error: no claim has the id 'A8'")


def test_an_old_locale_loses_letters_but_not_the_report(folder, tmp_path):
    env = {"PYTHONIOENCODING": "ascii", "PATH": "", "ZOTHEORY_CACHE_DIR": str(tmp_path / "cache")}
    result = zotheory("verify", folder, env=env)
    assert result.returncode == 0
    assert "? proved" in result.stdout


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys; from zotheory.cli import app; "
        "app(['--help'], standalone_mode=False); "
        "print([m for m in ('numpy', 'sympy', 'cvxpy', 'scipy', 'joblib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
    assert "verify" in result.stdout
    assert runner.invoke(app, ["--version"]).stdout == f"zotheory {__version__}\n"


def test_stdout_by_another_name_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = verify(folder, "--output", "-")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: output = '-': a file is written, not stdout")
    assert not (tmp_path / "-").exists()
