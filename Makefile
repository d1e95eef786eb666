# Thin: each target is one line that says what it does; the work is done by the tools it calls.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIN := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
       --strip-extras --allow-unsafe
export PORT ?= 8000
export DATA_DIR ?= var

.PHONY: help demo test test-distribution browser check bench bench-rush bench-kills bench-uploads lint types contracts format screenshots requirements

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/base.stamp ## Run the portal with demo data on PORT (8000), all state in DATA_DIR (var/); Ctrl-C stops it.
	@exec $(BIN)/python -m portal demo

test: .venv/dev.stamp ## Run the tests on an embedded PostgreSQL, with the coverage gate.
	$(BIN)/python -m pytest -m "not browser" -n auto --dist worksteal --cov --cov-report=term

test-distribution: .venv/dev.stamp ## Run the tests that ask a database once more, on the PostgreSQL that the system's packages installed.
	TEST_POSTGRES=distribution $(BIN)/python -m pytest -m "not browser" -n auto --dist worksteal -q

browser: .venv/dev.stamp ## Walk the journeys of the five roles in Chromium, with axe on every page.
	$(BIN)/python -m pytest -m browser -n 2 --dist worksteal

check: lint types contracts test test-distribution browser ## Do everything that must pass; .ci/run first installs what it needs (PostgreSQL, Chromium, clamd).

bench: .venv/dev.stamp ## Measure pages against the floor and print the table.
	$(BIN)/python -m bench

bench-rush: .venv/dev.stamp ## Have 200 applicants submit in the same minute; nothing may be lost or doubled.
	$(BIN)/python -m bench.rush

bench-kills: .venv/dev.stamp ## Kill server and worker 200 times while people work; nothing acknowledged may be lost.
	$(BIN)/python -m bench.kills

bench-uploads: .venv/dev.stamp ## Send files of 20 MB; no worker may grow by more than 5 MB.
	$(BIN)/python -m bench.uploads

lint: .venv/dev.stamp ## Check the style of Python and templates, the format of Python, and that every test can be imported.
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/djlint --lint --quiet templates
	$(BIN)/python -m pytest --collect-only --quiet --quiet

types: .venv/dev.stamp ## Check the types.
	$(BIN)/mypy

contracts: .venv/dev.stamp ## Check which module imports which.
	$(BIN)/lint-imports --no-logo

format: .venv/dev.stamp ## Put Python into its format.
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

screenshots: .venv/dev.stamp ## Take the pictures of the README and the guides from the demo at BASE_URL.
	$(BIN)/python docs/screenshots.py

requirements: .venv/dev.stamp ## Pin the newest versions that pyproject.toml allows, with hashes.
	$(PIN) --upgrade --extra dev --build-deps-for editable --output-file requirements/dev.txt pyproject.toml
	$(PIN) --upgrade --constraint requirements/dev.txt --build-deps-for editable --output-file requirements/base.txt pyproject.toml

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv .venv

.venv/%.stamp: requirements/%.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/pip check --quiet --disable-pip-version-check
	@touch $@
