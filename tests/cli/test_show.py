"""`zotheory show`: one claim in full."""

import json

import pytest
from typer.testing import CliRunner

from zotheory.cli import app

runner = CliRunner()


def show(*args):
    return runner.invoke(app, ["show", *map(str, args)])


def test_a_refuted_claim_is_shown_with_its_witness(folder):
    result = show("A2", "--path", folder)
    assert result.exit_code == 0
    for shown in (
        "(a + 1)² = a² + 3a + 1",
        "middle = 3",
        "expansion: fails (exact, instance",
        "witness: a = 1",
        "verdict  ✗ refuted (as expected)",
    ):
        assert shown in result.stdout
    assert "noise" not in result.stdout
    assert "did not run" not in result.stderr


def test_an_unexpected_verdict_fails(write):
    assert show("A1", "--path", write("A1", middle=3)).exit_code == 1


def test_dependencies_that_were_not_run_are_pointed_out(folder, write):
    write("A3", depends=("A1",))
    result = show("A3", "--path", folder)
    assert result.exit_code == 0
    assert "A1, on which A3 rests, did not run" in result.stderr
    assert "A1, not in this run" in result.stdout


def test_json_is_the_same_object_as_that_of_verify(folder):
    shown = json.loads(show("A1", "--path", folder, "--format", "json").stdout)
    options = ["--only", "A1", "--format", "json", "--jobs", "1"]
    verified = json.loads(runner.invoke(app, ["verify", str(folder), *options]).stdout)
    for item in (shown[0], verified[0]):
        item["seconds"] = 0
        for evidence in item["evidence"]:
            evidence["seconds"] = 0
    assert shown == verified


def test_a_broken_file_beside_it_is_mentioned_and_does_no_harm(folder):
    (folder / "bad.py").write_text("1 / 0\n")
    result = show("A1", "--path", folder)
    assert result.exit_code == 0
    assert "bad.py: line 1: ZeroDivisionError" in result.stderr


@pytest.mark.parametrize(("id", "said"), [("a1", "nearest: A1"), ("zzz", "there are: A1, A2")])
def test_an_unknown_id_is_bad_input(folder, id, said):
    result = show(id, "--path", folder)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_the_default_folder_is_missed_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = show("A1")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: path = 'proofs_checks/'")
