"""Output that cannot be written: one line on stderr, and nothing computed is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
SOLVE = ["solve", "--dim", "3", "--norm-cap", "4"]

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")


def command(arguments: list[str], **streams) -> subprocess.CompletedProcess:
    code = "from zotheory.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], text=True, **streams)


def test_a_full_disk_behind_stdout():
    with FULL.open("w") as full:
        result = command(SOLVE, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert result.stderr.startswith("error: the output could not be written")
    assert "Traceback" not in result.stderr


def test_a_full_disk_behind_output_prints_the_report_instead():
    result = command([*SOLVE, "--output", str(FULL)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert "the report was printed instead" in result.stderr
    assert "certified" in result.stdout


def test_a_closed_stdout():
    code = "import sys; sys.stdout = None; from zotheory.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code, *SOLVE], text=True, capture_output=True)
    assert result.returncode == 1
    assert result.stderr.startswith("error: standard output is closed")
