# One verb per chore. `make` alone prints them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_WAIT_POLICY = passive
export PIP_DISABLE_PIP_VERSION_CHECK = 1
JOBS ?= 2
DEMO_OUT ?= mlwright-demo

.DEFAULT_GOAL := help
.PHONY: help env dev demo test lint types imports unit format bench clean

help: ## Print this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(VENV)/.installed ## Make the environment in .venv and install mlwright into it

dev: $(VENV)/.dev ## The same, with all that the tests need

demo: env ## Do the main job on real data that comes with the package, and write its report
	$(BIN)/mlwright demo --out $(DEMO_OUT)

test: dev lint types imports unit ## Check everything: style, types, layers, and the whole suite

lint: dev ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev ## Check types
	$(BIN)/mypy

imports: dev ## Check that imports point one way
	$(BIN)/lint-imports

unit: dev ## Run the tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

format: dev ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: dev ## List the benchmarks; each runs by itself
	@ls benchmarks/*.py

clean: ## Remove the environment and everything that was made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(DEMO_OUT)

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[boosters]'
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -e . --group dev
	@touch $@
