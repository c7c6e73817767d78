# `make demo` and `make test` need Python 3.11 or newer and make; the rest they install in .venv.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
# Some images forbid Python to keep what it compiled: then each of a demo's processes, and of a test's,
# would compile the product anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test check pytest migrate messages lock
help:
	@echo "make demo        run Cairn and Campus, a small LMS, on this machine"
	@echo "make demo-reset  forget the demo's data"
	@echo "make test        run every check and test that can run here"
	@echo "make check       the checks only: format, lint, import contracts, templates, types"
	@echo "make messages    bring the translations' catalogues up to date with the sources"
	@echo "make lock        resolve the requirements anew (needs uv)"

setup: .venv/.ready

# A file marks a finished installation, so that a second run starts at once and one that was cut
# short starts over: .demo what runs the product, .ready also what checks it.
.venv/.demo: requirements/demo.txt pyproject.toml
	$(call install,demo)
.venv/.ready: requirements/dev.txt pyproject.toml
	$(call install,dev)

define install
	@command -v $(PYTHON) >/dev/null || \
	  { echo "There is no $(PYTHON) here. Cairn needs Python 3.11 or newer; name yours: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Cairn needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1 | head -n 1). Name another: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Installing into .venv (once; about a minute) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
	  { echo "Could not make .venv. On Debian and Ubuntu: apt install python3-venv. Otherwise see whether the disk is full: df -h ."; exit 1; }
	@$(PIP) --require-hashes --only-binary :all: -r requirements/$(1).txt || \
	  { echo "Could not install the requirements. Is there a network, and room on the disk (df -h .)? Then: make $(MAKECMDGOALS)"; exit 1; }
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
endef

# Who has installed the checks already needs no second installation for the demo.
RUNNABLE := $(if $(wildcard .venv/.ready),.venv/.ready,.venv/.demo)

demo: $(RUNNABLE)
	@$(BIN)/cairn demo

demo-reset: $(RUNNABLE)
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
	$(BIN)/python -m pytest -q -n $(JOBS)

migrate: $(RUNNABLE)
	$(BIN)/cairn migrate

messages: $(RUNNABLE)
	@$(BIN)/python -m lti_tool.core.catalogues

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv"; exit 1; }
	$(LOCK) -o requirements/base.txt
	$(LOCK) --extra embedded -c requirements/base.txt -o requirements/demo.txt
	$(LOCK) --extra embedded --extra dev -c requirements/base.txt -o requirements/dev.txt
