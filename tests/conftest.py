"""Tests that need a program from outside of Python run where it is installed; elsewhere the end says so."""

import shutil

# What tests may name in `needs_program`, and the Debian packages that bring it.
PACKAGES = {
    "chromedriver": "chromium chromium-driver",
    "coqc": "coq",
    "pdflatex": "texlive-latex-base",
}


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
