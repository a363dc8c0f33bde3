# Two commands set everything up: `make verify` and `make test`.
# PYTHON picks the interpreter that builds .venv; Python 3.11 or newer.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: verify test lint docs figures clean
.DEFAULT_GOAL := verify

verify: $(VENV)/.core
	$(BIN)/zotheory verify

test: $(VENV)/.dev
	$(BIN)/pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# docs/_build/index.html; a warning is an error.
docs: $(VENV)/.dev
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build

# From the results in results/; what is not there is measured first, at preset quick. It says which.
figures: $(VENV)/.dev
	$(BIN)/zotheory figures --run-missing

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build docs/_build *.egg-info
