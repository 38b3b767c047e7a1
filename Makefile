# Needs python3 (3.11 or later), python3-venv and make; everything else goes into .venv, with hashes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(VENV)/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
           --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
TESTS ?= tests
# A file system in memory, if there is one with room: an fsync costs nothing there, and no test here could tell.
RAM := $(shell [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 2000000 ] 2>/dev/null && echo TMPDIR=/dev/shm)
KEEP ?=
SECONDS ?= 60
SEED ?=
SUITE ?=

# Bytecode is kept, whatever the shell says: tests start some hundred processes, and each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo check test test-fast test-real prove district conform simulate chaos bench lock manpages package install uninstall clean

help:  ## Show this
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/run  ## See it work: real LMS events to Slack and Teams (a sandbox), killed half-way (KEEP=1 leaves it running)
	$(BIN)/lmsyncd demo $(if $(KEEP),--keep)

check: $(VENV)/dev  ## Lint, format, types, import contracts, tidiness
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/tidy -m "not real"

test: $(VENV)/dev  ## All tests that need nothing but Python (TESTS=path narrows)
	$(RAM) $(BIN)/python -m pytest -n 3 --dist worksteal -m "not real and not campaign" --durations=5 $(TESTS)

prove: $(VENV)/dev  ## The promise, at full size: 200 seeds, 200 kills, every crash point, 300 damaged files (some 10 minutes)
	LMSYNCD_TIMES=5 $(RAM) $(BIN)/python -m pytest -n 2 --dist worksteal -m "hypothesis and not real" --durations=5 $(TESTS)
	$(BIN)/python -m pytest -m "campaign and not real and not district" -rA --durations=0 tests/simulation tests/chaos

district: $(VENV)/dev  ## A district of 31,045 enrolments into channels and teams, through trouble (no gate: takes its time)
	$(BIN)/python -m pytest -m "district and not real" -rA --durations=0 tests/simulation

test-fast: $(VENV)/dev  ## Without real processes: what to run while working
	$(BIN)/python -m pytest -m "not real and not campaign" -x tests/config tests/actors tests/daemon tests/conformance tests/tidy

test-real: $(VENV)/dev  ## Tests that need root, Debian packages or npm: a booted systemd, a client in JavaScript (.ci/run installs them)
	$(BIN)/python -m pytest -m real -rA --durations=5 $(TESTS)

conform: $(VENV)/dev  ## The public xAPI conformance suite, both versions on one database (SUITE=a checkout of it, with Node.js)
	@test -n "$(SUITE)" || { echo "SUITE= names a checkout of the conformance suite, its packages installed" >&2; exit 1; }
	$(BIN)/python -m tests.conform "$(SUITE)"

simulate: $(VENV)/dev  ## Search for a counter-example: random faults in virtual time (SECONDS=60; SEED=n begins, or replays, there)
	PYTHONPATH=tests/support $(BIN)/python -m tests.simulation --seconds $(SECONDS) --seed "$(SEED)"

chaos: $(VENV)/dev  ## Real processes and files: killed, stopped, starved, damaged, put back (SECONDS=60; SEED=n repeats the choices)
	PYTHONPATH=tests/support $(BIN)/python tests/chaos $(SECONDS) $(SEED)

bench: $(VENV)/dev  ## The numbers, each beside a bare limit of the same machine (SECONDS=60 is the budget of its timed rows)
	PYTHONPATH=tests/support $(BIN)/python -m tests.benchmarks $(SECONDS)

lock: $(VENV)/lock/bin/pip-compile  ## Write requirements.lock (everything) and requirements-run.lock (what is installed)
	PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= $(COMPILE) --extra dev --build-deps-for editable --build-deps-for wheel \
	    --output-file requirements.lock pyproject.toml
	PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= $(COMPILE) --constraint requirements.lock --build-deps-for wheel \
	    --output-file requirements-run.lock pyproject.toml

manpages: $(VENV)/run  ## Manual pages and shell completion, into build/share
	systemd/share $(BIN) build/share

package:  ## The Debian package, build/lmsyncd_VERSION_ARCH.deb: needs dpkg-deb and python3-venv, no root
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=" >&2; exit 69; }
	@$(PYTHON) systemd/debian/build.py

install:  ## As root: into /opt/lmsyncd, with systemd units (docs/install.md)
	systemd/install

uninstall:  ## As root: remove the program; configuration and data stay
	systemd/uninstall

clean:  ## Remove what can be made again
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: one for what the daemon runs on, one for the tools on top. Both locks pin the same versions.

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: requirements-run.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes --requirement requirements-run.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev: requirements.lock $(VENV)/run
	$(PIP) install --require-hashes --requirement requirements.lock
	touch $@

$(VENV)/lock/bin/pip-compile:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install 'pip-tools>=7.5'
