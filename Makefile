# What this project can do, and how. CI calls these targets and nothing else.
#   make run        consolidate the example cities into output/
#   make test       all tests but the long ones
#   make check      style, types, architecture, dependencies
#   make bench      time the chain
#   make test-long  the long tests
#   make clean      remove what was generated (not .venv; for that: make distclean)
#   make lock       renew the two lock files (developers; needs uv)
# Each target sets up .venv by itself, with plain venv and pip, from lock files with hashes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: help run test check bench docs test-long clean distclean lock

# `make PYTHON=/path/to/python …` chooses another interpreter. Otherwise the first of these that is new enough.
PYTHON ?=
CANDIDATES := python3 python3.13 python3.12 python3.11
BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEVELOPMENT := .venv/.development-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

help:
	@sed -n 's/^#   //p' Makefile

# Python itself ends with 1 when a program does not even start: that must not pass for "vorläufig", hence the import first.
run: $(RUNTIME)
	@$(BIN)/python -c 'import pipeline.cli'
	@status=0; $(BIN)/zielhaushalt consolidate --all || status=$$?; \
	case $$status in \
	  0) echo 'Fertig: Alle Pläne sind vollständig, alle Rückläufe sind angenommen. Das Ergebnis liegt unter output/.' ;; \
	  1) echo 'Fertig, aber vorläufig: Rückläufe fehlen oder haben Fehler, siehe die Übersicht oben. Das Ergebnis liegt unter output/.' ;; \
	  *) echo "Abgebrochen: Der Lauf endete mit Code $$status; es gibt keinen Plan, auf den Sie sich stützen können." >&2; exit $$status ;; \
	esac

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest -q -n 2

test-long: $(DEVELOPMENT)
	$(BIN)/python -m pytest -q -n 2 -m long --hypothesis-profile=long

check: $(DEVELOPMENT)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry pipeline

bench: $(DEVELOPMENT)
	$(BIN)/python benchmarks/chain.py

clean:
	find output -mindepth 1 -not -name .gitkeep -delete
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist

distclean: clean
	rm -rf .venv

# The handbook for departments follows from tables, rules and messages; a test fails when it is out of date.
docs: $(DEVELOPMENT)
	$(BIN)/python -m pipeline.handbook

# --- the environment -------------------------------------------------------------------------------------------

$(RUNTIME): .requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r .requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(DEVELOPMENT): .requirements-dev.lock $(RUNTIME)
	$(PIP) install --quiet --require-hashes -r .requirements-dev.lock
	@touch $@

$(BIN)/python:
	@chosen='$(PYTHON)'; \
	for candidate in $(if $(PYTHON),,$(CANDIDATES)); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then chosen=$$candidate; break; fi; \
	done; \
	if [ -z "$$chosen" ] || ! "$$chosen" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Python 3.11 oder neuer wird gebraucht, gefunden: $$("$${chosen:-python3}" --version 2>&1 || echo 'kein Python')." >&2; \
	  echo 'Bitte installieren Sie es, oder nennen Sie es: make PYTHON=/pfad/zu/python3.12 …' >&2; \
	  exit 1; \
	fi; \
	echo "Richte .venv ein ($$("$$chosen" --version)); das dauert beim ersten Mal ein bis zwei Minuten."; \
	"$$chosen" -m venv .venv

# --- the locks -------------------------------------------------------------------------------------------------

# For all platforms and Python >= 3.11. --no-config: no index, mirror or folder of the machine that runs it gets in.
# The runtime lock constrains the other one, so that tests run what users run.
UV ?= $(or $(wildcard $(BIN)/uv),uv)
COMPILE = $(UV) pip compile --no-config --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-annotate --custom-compile-command 'make lock'

lock:
	@command -v $(UV) >/dev/null || { echo 'Zum Erneuern der Lock-Dateien wird uv gebraucht: .venv/bin/pip install uv' >&2; exit 1; }
	$(COMPILE) --group build pyproject.toml --output-file .requirements.lock
	$(COMPILE) --group build --extra dev --constraints .requirements.lock pyproject.toml --output-file .requirements-dev.lock
