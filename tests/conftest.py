"""Tests that need a program from outside of Python run where it is installed; elsewhere the end says so."""

import shutil
import sys

import pytest

# What tests may name in `needs_program`, and the Debian packages that bring it.
PACKAGES = {
    "chromedriver": "chromium chromium-driver",
    "coqc": "coq",
    "pdflatex": "texlive-latex-base",
}

# Tests load copies of these folders, under the same names.
FOLDERS = ("experiments", "proofs_checks", "paper_figs")


def missing_programs():
    return {name: package for name, package in PACKAGES.items() if shutil.which(name) is None}


def pytest_configure(config):
    line = "needs_program(name): runs where that program is installed; .ci/run installs it"
    config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config, items):
    missing, kept, left = missing_programs(), [], []
    for item in items:
        names = {name for mark in item.iter_markers("needs_program") for name in mark.args}
        assert names <= PACKAGES.keys(), f"{item.nodeid}: no package is known for {names - PACKAGES.keys()}"
        (left if names & missing.keys() else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_terminal_summary(terminalreporter):
    for name, package in missing_programs().items():
        terminalreporter.write_line(f"NOT RUN: tests that need {name} (Debian: apt-get install {package})")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    """Leave the modules of the folders as they were: other tests hold them, and patch them by name."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in FOLDERS}
    result = yield
    for top in FOLDERS:
        if top in before and sys.modules.get(top) is not before[top]:
            for name in [name for name in sys.modules if name.partition(".")[0] == top]:
                del sys.modules[name]
            sys.modules.update({n: module for n, module in before.items() if n.partition(".")[0] == top})
    return result
