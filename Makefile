# `make demo` and `make test` need Python 3.11+ and make; everything else they install.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo demo-reset test check pytest setup migrate lock help
help:
	@echo "make demo        run Cairn and Campus, a small LMS, on this machine"
	@echo "make demo-reset  forget the demo's data"
	@echo "make test        run every check and test that can run here"

setup: .venv/.ready

.venv/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Cairn needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Installing into .venv (once; about a minute) ..."
	@$(PYTHON) -m venv .venv || { echo "Could not make .venv. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/.ready
	@$(BIN)/cairn demo

demo-reset: .venv/.ready
	@$(BIN)/cairn demo --reset

# What CI runs, in the order of what fails fastest.
test: check pytest

check: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates lti_tool/campus
	$(BIN)/mypy

pytest: .venv/.ready
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup

migrate: .venv/.ready
	$(BIN)/cairn migrate

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/base.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --extra embedded --extra dev -c requirements/base.txt -o requirements/dev.txt
