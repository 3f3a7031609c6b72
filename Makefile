# Everything a maintainer runs. `make` lists it. Needs python3 (3.11 or newer), make and git.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
THIRTEENF := $(BIN)/thirteenf
CACHED := $(THIRTEENF) --cache cache

.PHONY: help demo test cover check lint types docs format dev refresh import rebuild status build wheel bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.runs ## set up and print what the bundled sample's managers changed
	@for manager in thiel scion berkshire bridgewater ark; do \
		$(THIRTEENF) --sample diff $$manager --period 2025Q3 --top 12 --text || exit $$?; echo; done
	@$(THIRTEENF) --sample diff softbank --period 2025Q4 --against 2024Q4 --top 12 --text

# Three processes have enough to do: one thread each for tables takes two thirds of the time that several take. A file's
# tests run in one of them, so that what they share is made once.
PYTEST := POLARS_MAX_THREADS=1 $(BIN)/pytest -q --numprocesses 3 --dist loadfile

test: $(VENV)/.develops ## set up and run the tests
	$(PYTEST) $(TESTS)

cover: $(VENV)/.develops ## the same, and which lines no test reaches
	$(PYTEST) --cov $(TESTS)

check: lint types docs wheel ## lint, types, generated docs, the wheel by itself

lint: $(VENV)/.develops ## ruff, and whether the files are formatted
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.develops ## mypy, strict
	$(BIN)/mypy

docs: $(VENV)/.develops ## whether the generated docs are what the program says
	$(BIN)/cog --check docs/cli.md docs/tables.md docs/traps.md

format: $(VENV)/.develops ## format the code and write the generated docs anew
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/cog -r docs/cli.md docs/tables.md docs/traps.md

dev: $(VENV)/.develops ## set up for development

refresh: $(VENV)/.runs ## bring the watchlist, or MANAGERS="berkshire scion", up to date in ./cache (needs THIRTEENF_CONTACT)
	$(CACHED) refresh $(MANAGERS)

import: $(VENV)/.runs ## take filings into ./cache: make import PATHS="folder file …"
	$(CACHED) import $(PATHS)

rebuild: $(VENV)/.runs ## make the tables of ./cache anew
	$(CACHED) rebuild

status: $(VENV)/.runs ## who of ./cache has filed
	$(CACHED) status

build: $(VENV)/.develops ## the wheel, in dist/
	$(PIP) wheel --no-deps --wheel-dir dist .

wheel: build ## the wheel in an environment of its own, without anything for development
	rm -rf build/wheel && $(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip --disable-pip-version-check --quiet install dist/thirteenf-*.whl
	cd build && wheel/bin/thirteenf --version
	cd build && wheel/bin/thirteenf --sample diff thiel --period 2025Q3 --json --quiet | grep -q '"amount_before": 537742'
	cd build && wheel/bin/thirteenf --sample holdings berkshire --period 2025Q1 --text | grep -q '259,807,694,872'
	cd build && THIRTEENF_CONTACT= wheel/bin/thirteenf --cache none refresh scion 2>&1 | grep -q 'no contact'

bench: $(VENV)/.benches ## speed and memory, against peers and the machine's floor
	$(BIN)/python -m benchmarks

clean: ## remove what was built; ./cache stays
	rm -rf $(VENV) build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'

$(VENV)/.runs: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.develops: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable . --group test --group check
	@touch $@ $(VENV)/.runs

$(VENV)/.benches: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable . --group bench
	@touch $@ $(VENV)/.runs
