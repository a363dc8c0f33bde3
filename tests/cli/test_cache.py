"""`zotheory verify` a second time: from the cache, with the same answer, and never a stale one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zotheory.cli import app
from zotheory.ledger import sources
from zotheory.ledger.cache import default_folder

runner = CliRunner()


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """Stand in for zotheory's own files, which may change while tests run."""
    (tmp_path / "zotheory").mkdir()
    monkeypatch.setattr(sources, "PACKAGE_FOLDER", tmp_path / "zotheory")


@pytest.fixture
def store():
    return Path(os.environ["ZOTHEORY_CACHE_DIR"])


def verify(*args):
    return runner.invoke(app, ["verify", *map(str, args), "--jobs", "1"])


def test_the_second_report_is_the_first(folder, store):
    first, second = (verify(folder, "--format", "json") for _ in "ab")
    assert first.exit_code == second.exit_code == 0
    assert first.stdout == second.stdout  # seconds included
    assert "from the cache" not in first.output
    assert "2 claims: 1 proved, 1 refuted (as expected); 2 from the cache" in second.stderr
    assert len(list(store.iterdir())) == 2
    assert "; 2 from the cache" in verify(folder).stdout


def test_an_edited_claim_is_run_again(folder, write):
    verify(folder)
    write("A1", middle=5)
    result = verify(folder)
    assert result.exit_code == 1
    assert "A1 is refuted, expected proved" in result.stdout
    assert "; 1 from the cache" in result.stdout


def test_no_cache_runs_everything_and_keeps_it(folder, store):
    verify(folder, "--no-cache")
    before = {entry: entry.read_text() for entry in store.iterdir()}
    assert len(before) == 2
    result = verify(folder, "--no-cache")
    assert result.exit_code == 0
    assert "from the cache" not in result.output
    assert all(entry.read_text() != text for entry, text in before.items())
    assert "; 2 from the cache" in verify(folder).stdout


def test_the_folder_can_be_given(folder, store, tmp_path):
    other = tmp_path / "new" / "place"
    assert verify(folder, "--cache-dir", other).exit_code == 0
    assert len(list(other.iterdir())) == 2
    assert not store.exists()
    assert "; 2 from the cache" in verify(folder, "--cache-dir", other).stdout


def test_a_folder_that_cannot_be_used_is_one_line_on_stderr(folder, tmp_path):
    (tmp_path / "file").write_text("")
    result = verify(folder, "--cache-dir", tmp_path / "file", "--format", "json")
    assert result.exit_code == 0
    assert [item["verdict"] for item in json.loads(result.stdout)] == ["proved", "refuted"]
    (line,) = [line for line in result.stderr.splitlines() if "warning" in line]
    assert line.startswith("warning: findings are not kept: ")


def test_files_that_do_not_load_are_told_every_time(folder):
    (folder / "bad.py").write_text("1 / 0\n")
    for _ in range(2):
        result = verify(folder)
        assert result.exit_code == 2
        assert "bad.py: line 1: ZeroDivisionError" in result.stdout


@pytest.mark.parametrize("empty", [False, True])
def test_by_default_it_lies_among_the_user_s_caches(monkeypatch, folder, tmp_path, empty):
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    if empty:
        monkeypatch.setenv("ZOTHEORY_CACHE_DIR", "")
    else:
        monkeypatch.delenv("ZOTHEORY_CACHE_DIR")
    found = default_folder()
    assert found is not None
    assert found.is_relative_to(tmp_path / "home")
    assert "zotheory" in found.parts
    assert verify(folder).exit_code == 0
    assert len(list(found.iterdir())) == 2


def test_no_home_no_default(monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *args, **options: "~/.cache/zotheory")
    assert default_folder() is None


HELPER = "MIDDLE = {middle}\n"


def real(*args):
    # Processes of their own, so that no helper is left in memory from the run before.
    command = [sys.executable, "-c", "from zotheory.cli import main; main()", "verify", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_planted_error_in_a_helper_is_refuted_after_a_cached_proof(folder, write):
    path = write("A1")
    helper = folder / "_numbers.py"
    helper.write_text(HELPER.format(middle=2))
    text = path.read_text(encoding="utf-8").replace('"middle": 2', '"middle": MIDDLE')
    path.write_text("from _numbers import MIDDLE\n" + text, encoding="utf-8")
    assert real(path).returncode == 0
    assert real(path).returncode == 0
    helper.write_text(HELPER.format(middle=3))
    spoilt = real(path)
    assert spoilt.returncode == 1
    assert "A1 is refuted, expected proved" in spoilt.stdout
    assert "from the cache" not in spoilt.stdout


def test_runs_at_once_share_a_folder(folder, store):
    command = [
        sys.executable,
        "-c",
        "from zotheory.cli import main; main()",
        "verify",
        str(folder),
        "--no-cache",
    ]
    running = [
        subprocess.Popen(
            [*command, "--jobs", jobs], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for jobs in ("1", "2", "1")
    ]
    for process in running:
        printed, told = process.communicate(timeout=120)
        assert process.returncode == 0
        assert "2 claims: 1 proved, 1 refuted (as expected)" in printed
        assert "warning" not in told
    assert [entry.suffix for entry in store.iterdir()] in ([".json"] * 2, [])  # none if zotheory was edited
