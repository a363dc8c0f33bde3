"""The wheel works from another folder, with claims, the results that they read, types, and its page."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "zotheory", "proofs_checks", "results")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel from a copy, and unpack it as pip would."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name in NEEDED:
        path, ignored = ROOT / name, shutil.ignore_patterns("__pycache__")
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=ignored)
        else:
            shutil.copy(path, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(target), str(source)], check=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(target / "site")
    return target / "site"


def zotheory(installed, folder, *arguments):
    code = "from zotheory.cli import main; main()"
    settings = os.environ | {"PYTHONPATH": str(installed), "ZOTHEORY_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)


def test_claims_and_their_results_are_found_from_another_folder(installed, tmp_path):
    done = zotheory(installed, tmp_path, "verify", "--only", "A1,G1b", "--jobs", "1", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = {item["id"]: item for item in json.loads(done.stdout)}
    assert {name: item["verdict"] for name, item in found.items()} == {"A1": "proved", "G1b": "refuted"}
    assert all("_shipped" in item["file"] for item in found.values())
    assert list(tmp_path.iterdir()) == [tmp_path / "cache"]


def test_types_and_the_parts_of_the_page_are_in_it(installed):
    package = installed / "zotheory"
    for name in ("py.typed", "report/html/page.html.jinja", "report/html/page.css", "report/html/page.js"):
        assert (package / name).is_file()
    assert not list(package.rglob("__pycache__"))


def test_the_version_is_that_of_the_project(installed, tmp_path):
    (about,) = installed.glob("zotheory-*.dist-info/METADATA")
    version = next(
        line.split()[1] for line in about.read_text().splitlines() if line.startswith("Version:")
    )
    assert zotheory(installed, tmp_path, "--version").stdout == f"zotheory {version}\n"
