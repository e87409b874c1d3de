# Targets for people and for CI; `make` alone lists them.
# Needs GNU make, bash and Python 3.11 or later with venv. Never needs root.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough, unless PYTHON says which.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Two makes at once must not write the same environment: whoever comes second waits.
LOCKED := $(if $(shell command -v flock),flock Makefile )
PYTEST := $(BIN)/python -m pytest
PYTEST_ARGS ?=

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or later is needed and none was found. On Debian: apt install python3 python3-venv" >&2; \
		echo "Another interpreter: make PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is no Python 3.11 or later" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks the venv module. On Debian: apt install python3-venv" >&2; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(LOCKED)"$(PYTHON)" -m venv "$(VENV)"

# The daemon and what it needs to run, installed in place so that a change to the source is live.
$(VENV)/.run: pyproject.toml requirements.lock | $(BIN)/python
	@echo "installing aiops-daemon into $(VENV)"
	@$(LOCKED)$(PIP) install -c requirements.lock -e .
	@touch $@

# What the checks and tests need besides.
$(VENV)/.dev: pyproject.toml requirements.lock $(VENV)/.run
	@echo "installing the tools for checks and tests into $(VENV)"
	@$(LOCKED)$(PIP) install -r requirements.lock
	@touch $@

.PHONY: install dev
install: $(VENV)/.run  ## make .venv with the daemon in it
dev: $(VENV)/.dev  ## the same with the tools for checks and tests

# On a terminal the daemon gets a process group of its own, so that Ctrl-C stops it and not make.
.PHONY: demo
demo: $(VENV)/.run  ## replay a recorded world and show what is found; Ctrl-C ends it
	@if [ -t 0 ]; then set -m; fi; $(BIN)/aiops-daemon demo $(ARGS) || exit $$?

.PHONY: servers
servers: $(VENV)/.dev  ## unpack the servers that tests run against into .tools
	@$(LOCKED)bash tests/servers/install.sh

.PHONY: check
check: $(VENV)/.dev  ## lint, format, types and the layers of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# What needs no server of its own keeps every core busy; what runs real servers waits more than it works; what is held
# against the clock has the machine alone.
WORKERS ?= auto
SERVED ?= 2
BY_FILE := --dist loadfile --no-loadscope-reorder

.PHONY: test
test: servers check  ## set up everything, check, and run the tests (about 20 minutes)
	@$(PYTEST) -q -n $(WORKERS) $(BY_FILE) -m "not slow and not real and not alone and not chaos" $(PYTEST_ARGS)
	@$(PYTEST) -q -n $(SERVED) $(BY_FILE) -m "real and not alone and not slow and not chaos" $(PYTEST_ARGS)
	@$(PYTEST) -q -m "alone and not slow and not chaos" $(PYTEST_ARGS)

.PHONY: servers-slow
servers-slow: $(VENV)/.dev  ## the same, and what the longer suites need besides
	@$(LOCKED)bash tests/servers/install.sh slow

.PHONY: test-slow
test-slow: servers-slow  ## the longer suites
	@$(PYTEST) -q -m "slow and not chaos" $(PYTEST_ARGS)

# Daemons are killed and halted; CHAOS_INCIDENTS and CHAOS_KILLS make it shorter (10000 and 50).
.PHONY: chaos
chaos: servers  ## page through kills, hangs and a faulty PagerDuty, and print what it cost (40 minutes)
	@$(PYTEST) -q -s -m chaos $(PYTEST_ARGS)

BENCHMARKS ?= read.py cycle.py "peer.py --series 1000" coldstart.py million.py webhooks.py store.py incident_pages.py paging.py storms.py slos.py \
  slo_detection.py slo_low_traffic.py slo_period.py slo_cost.py

.PHONY: bench
bench: servers  ## run the benchmarks and print the figures (50 minutes)
	@for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python benchmarks/$$script; done

.PHONY: lock
lock: $(BIN)/python  ## renew requirements.lock from pyproject.toml
	@$(PIP) install uv
	@{ sed '/^[^#]/,$$d' requirements.lock; \
		$(BIN)/uv pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 --upgrade \
			--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

.PHONY: clean
clean:  ## remove everything that make made
	@rm -rf "$(VENV)" .tools .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
