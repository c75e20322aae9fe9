# Luokuan: two commands matter. `make run` does the main job, `make test` checks everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

.PHONY: run test lint format bench docs fuzz lock messages studio clean help

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

run: $(VENV)/.runtime ## Create one work with each starter model into ./out, verify each, write out/index.html
	LUOKUAN_HOME=$(abspath $(OUT))/home $(BIN)/luokuan showcase --output $(OUT)

test: lint ## All that CI runs: lint, layers, types, tests, documentation
	$(BIN)/python scripts/build_docs.py --check
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev ## Style, layers, types, translations, licences
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/python scripts/messages.py --check
	$(BIN)/python scripts/check_licences.py

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure speed against a named peer in the same run
	$(BIN)/python benchmarks/gan.py

docs: $(VENV)/.dev ## Build the documentation into ./site
	$(BIN)/python scripts/build_docs.py

fuzz: $(VENV)/.dev ## Mutate files for a minute; parsers and verify must only ever refuse politely
	$(BIN)/python tests/fuzz/fuzz_formats.py 60

messages: $(VENV)/.dev ## Collect messages and compile the Chinese catalogue
	$(BIN)/python scripts/messages.py

lock: $(VENV)/.dev ## Write the lock files from pyproject.toml
	$(BIN)/python scripts/lock.py

clean: ## Remove what was built, not what was made
	rm -rf $(VENV) site build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
