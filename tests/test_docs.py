"""The examples of the documentation do what it says, and the notebook runs."""

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples(page):
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert tried > 0
    assert failed == 0


def test_every_family_of_claims_has_its_section():
    families = {path.name[0].upper() for path in (DOCS.parent / "proofs_checks").glob("[a-z][0-9]*.py")}
    page = (DOCS / "claims.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```{claims} (\w)$", page, re.MULTILINE)
    assert shown == sorted(families)


@pytest.mark.parametrize("what", ["property", "attribute", "data"])
def test_a_colon_in_prose_is_not_a_type(what, monkeypatch):
    docstring = pytest.importorskip("sphinx.ext.napoleon").docstring
    monkeypatch.syspath_prepend(str(DOCS / "extensions"))
    process = importlib.import_module("docstrings").process
    lines = ["The optimum: V for a known gradient.", "", "It is a float."]
    process(None, what, "value", None, None, lines)
    shown = docstring.GoogleDocstring(lines, what=what, name="value", obj=object()).lines()
    prose = ["The optimum: V for a known gradient.", "It is a float."]
    assert [line for line in shown if line] == ["..", *prose]


def test_the_notebook_runs():
    done = subprocess.run([sys.executable, DOCS / "tutorial.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "proved" in done.stdout
