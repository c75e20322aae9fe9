# Luokuan: two commands matter. `make run` does the main job, `make test` checks it (the slowest tests: `make slow`).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out
SECONDS ?= 60
COUNT ?= 2000
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The package itself: from this folder, with what the lock installed, so that nothing else is fetched.
INSTALL_SELF := $(PIP) --no-deps --no-build-isolation -e .

.PHONY: help run showcase studio test slow postgresql lint format bench chaos docs fuzz lock messages clean
.DELETE_ON_ERROR:

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Stamps: made last, so that an interrupted installation starts again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.made
	$(PIP) -r requirements.lock
	$(INSTALL_SELF)
	@touch $@

# The larger lock holds the smaller one, so this serves `make run` too.
$(VENV)/.dev: requirements-dev.lock requirements.lock pyproject.toml | $(VENV)/.made
	$(PIP) -r requirements-dev.lock
	$(INSTALL_SELF)
	@touch $(VENV)/.runtime $@

run: $(VENV)/.runtime ## Create one work with each starter model into ./out, verify each, write out/index.html
	LUOKUAN_HOME="$(abspath $(OUT))/home" $(BIN)/luokuan showcase --output "$(OUT)"

showcase: $(VENV)/.runtime ## As `make run`, and the short of examples/storyboard.yaml (some minutes more)
	LUOKUAN_HOME="$(abspath $(OUT))/home" $(BIN)/luokuan showcase --output "$(OUT)" --storyboard examples/storyboard.yaml

studio: $(VENV)/.dev ## Serve the studio at http://127.0.0.1:8790, with what `make run` made
	LUOKUAN_HOME="$(abspath $(OUT))/home" $(BIN)/luokuan studio

# Three at once on two cores: a fifth of the tests' time is waiting for servers and child processes.
test: lint ## All that CI runs: style, layers, types, translations, licences, documentation, tests
	$(BIN)/python scripts/build_docs.py
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "not slow"

slow: $(VENV)/.dev ## The tests that take longest, which `make test` leaves out
	$(BIN)/python -m pytest -n 3 --dist loadfile -m slow

postgresql: $(VENV)/.dev ## The tests of what uses the home's database, on PostgreSQL instead of SQLite
	LUOKUAN_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 3 --dist loadfile -m "not slow" \
		tests/studio tests/colophon tests/rights tests/store tests/appraisal

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

bench: $(VENV)/.dev ## Measure speed: our paths against plain PyTorch in the same run
	$(BIN)/python benchmarks/gan.py
	$(BIN)/python benchmarks/prior.py
	$(BIN)/python benchmarks/prior.py --cells 16 --batch 16

chaos: $(VENV)/.dev ## Kill workers and server at 50 random moments under load, on both databases (about half an hour)
	$(BIN)/python tests/helpers/chaos.py --models
	PYTHONPATH=tests/helpers $(BIN)/python tests/helpers/chaos.py --models --database postgresql

docs: $(VENV)/.dev ## Build the documentation into ./site
	$(BIN)/python scripts/build_docs.py

fuzz: $(VENV)/.dev ## Mutate files, for SECONDS and COUNT a format, and requests; all must only ever refuse politely
	$(BIN)/python tests/fuzz/fuzz_formats.py $(SECONDS)
	$(BIN)/python tests/fuzz/fuzz_pool.py $(COUNT)
	$(BIN)/python tests/fuzz/fuzz_api.py $(SECONDS)
	$(BIN)/python tests/fuzz/fuzz_api.py $(SECONDS) --database postgresql

messages: $(VENV)/.dev ## Collect messages and compile the Chinese catalogue
	$(BIN)/python scripts/messages.py

lock: $(VENV)/.dev ## Write the lock files from pyproject.toml
	$(BIN)/python scripts/lock.py

clean: ## Remove what was built, not what was made
	rm -rf $(VENV) site build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
