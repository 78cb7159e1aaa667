# Everything here sets itself up: a checkout and Python 3.11 are enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled modules are kept, even where an image says not to: dozens of processes of a test run
# would compile the product and its tests each time anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test test-long bench lint types guard locks engines pictures clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.installed ## serve the sample company on 127.0.0.1 (EMPTY=1: your own, empty instance)
	@bash .ci/system-packages pango
ifdef EMPTY
	@$(PY) -m rca serve
else
	@RCA_HOME="$${RCA_HOME:-$(CURDIR)/instance-demo}" $(PY) -m rca serve --demo
endif

test: $(VENV)/.installed-dev engines ## lint, types and all tests, on SQLite and PostgreSQL, with Chromium
	@bash .ci/system-packages pango chromium
	@$(MAKE) --no-print-directory lint types guard
	$(PY) -m pytest -n 2 --dist loadfile -m "not long"

test-long: $(VENV)/.installed-dev engines ## the same with every harness at full size (an hour at most)
	@bash .ci/system-packages pango chromium
	@$(MAKE) --no-print-directory lint types guard
	$(PY) -m pytest -n 2 --dist loadfile

lint: $(VENV)/.installed-dev ## ruff
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/.installed-dev ## mypy --strict
	$(PY) -m mypy

guard: $(VENV)/.installed-dev ## our own gate on the newest commits (BASE=REVISION: on those since then)
	@if git rev-parse --quiet --verify HEAD~1 >/dev/null 2>&1; then \
	  base=$${BASE:-$$(git rev-parse --quiet --verify HEAD~5 || git rev-list --max-parents=0 HEAD | tail -1)}; \
	  $(PY) -m rca guard check --policies .guardrails --validate --base "$$base"; \
	else echo "No history here: there is no change to check."; fi

bench: $(VENV)/.installed-dev $(VENV)-bench/.installed ## measure, beside the named peers, in one run (6 GB: the peers have an environment of their own)
	$(PY) -m benchmarks $(filter-out mining,$(basename $(notdir $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py)))))
	$(VENV)-bench/bin/python -W ignore -m benchmarks.mining

pictures: $(VENV)/.installed-dev ## screenshots of every page from the sample company, into pictures/
	@bash .ci/system-packages pango chromium
	$(PY) -m tests.e2e.pictures pictures

locks: $(VENV)/.installed-dev ## recompile the lock files (names, versions and hashes; no addresses)
	$(PY) -m uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements.lock
	$(PY) -m uv pip compile pyproject.toml --extra embeddings --extra bench --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements-bench.lock
	$(PY) -m uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements-dev.lock
	echo 'semgrep>=1.182' | $(PY) -m uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements-semgrep.lock
	echo 'opa-golib-python-bindings==0.4.4' | $(PY) -m uv pip compile - --python-version 3.14 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements-opa.lock

engines: $(VENV)/engines/.opa $(VENV)/engines/.semgrep ## the engines that tests compare with, each apart from our environment

# The wheel says Python 3.14; its library is reached through ctypes and runs on 3.11 too.
$(VENV)/engines/.opa: requirements-opa.lock | $(VENV)/bin/python
	@rm -rf $(VENV)/engines/opa && mkdir -p $(VENV)/engines
	@$(PY) -m pip install --quiet --no-deps --require-hashes --only-binary :all: --ignore-requires-python --python-version 3.14 --target $(VENV)/engines/opa -r requirements-opa.lock
	@touch $@

# Semgrep pins older versions of packages that we use ourselves.
$(VENV)/engines/.semgrep: requirements-semgrep.lock | $(VENV)/bin/python
	@echo "Installing Semgrep in an environment of its own (first time: a minute) ..."
	@rm -rf $(VENV)/engines/semgrep && mkdir -p $(VENV)/engines
	@$(PY) -m venv $(VENV)/engines/semgrep
	@$(VENV)/engines/semgrep/bin/python -m pip install --quiet --require-hashes -r requirements-semgrep.lock
	@touch $@

clean: ## remove the virtual environment and caches; instances stay
	rm -rf $(VENV) $(VENV)-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist pictures

$(VENV)/bin/python:
	@bash .ci/make-venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@test $(VENV)/.installed-dev -nt requirements-dev.lock || { \
	  echo "Installing (first time: a few minutes) ..."; \
	  $(PY) -m pip install --quiet --require-hashes -r requirements.lock && \
	  $(PY) -m pip install --quiet --no-deps --no-build-isolation -e . ; }
	@touch $@

$(VENV)-bench/.installed: requirements-bench.lock $(VENV)/.installed-dev
	@bash .ci/make-venv $(VENV)-bench
	@echo "Installing what the benchmarks compare with (several gigabytes) ..."
	@$(PY) -m uv pip install --quiet --python $(VENV)-bench/bin/python --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the development environment (first time: a few minutes) ..."
	@$(PY) -m pip install --quiet --require-hashes -r requirements-dev.lock
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.installed
