# Everything here sets itself up: a checkout and Python 3.11 are enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test test-long bench lint types locks pictures clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.installed ## serve the sample company on 127.0.0.1 (EMPTY=1: your own, empty instance)
	@bash .ci/system-packages pango
ifdef EMPTY
	@$(PY) -m rca serve
else
	@RCA_HOME="$${RCA_HOME:-$(CURDIR)/instance-demo}" $(PY) -m rca serve --demo
endif

test: $(VENV)/.installed-dev ## lint, types and all tests, on SQLite and PostgreSQL, with Chromium
	@bash .ci/system-packages pango chromium
	@$(MAKE) --no-print-directory lint types
	$(PY) -m pytest -n 2 --dist loadfile -m "not long"

test-long: $(VENV)/.installed-dev ## the same with every harness at full size (an hour at most)
	@bash .ci/system-packages pango chromium
	@$(MAKE) --no-print-directory lint types
	$(PY) -m pytest -n 2 --dist loadfile

lint: $(VENV)/.installed-dev ## ruff
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/.installed-dev ## mypy --strict
	$(PY) -m mypy

bench: $(VENV)/.installed-dev ## measure, beside the named peers, in one run
	$(PY) -m benchmarks

pictures: $(VENV)/.installed-dev ## screenshots of every page from the sample company, into pictures/
	@bash .ci/system-packages pango chromium
	$(PY) -m tests.e2e.pictures pictures

locks: $(VENV)/.installed-dev ## recompile the lock files (names, versions and hashes; no addresses)
	$(PY) -m uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements.lock
	$(PY) -m uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements-dev.lock

clean: ## remove the virtual environment and caches; instances stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist pictures

$(VENV)/bin/python:
	@bash .ci/make-venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@test $(VENV)/.installed-dev -nt requirements-dev.lock || { \
	  echo "Installing (first time: a few minutes) ..."; \
	  $(PY) -m pip install --quiet --require-hashes -r requirements.lock && \
	  $(PY) -m pip install --quiet --no-deps --no-build-isolation -e . ; }
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the development environment (first time: a few minutes) ..."
	@$(PY) -m pip install --quiet --require-hashes -r requirements-dev.lock
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.installed
