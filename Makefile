# `make demo` and `make test` are the two commands of this project; `make help` lists the rest.
# Works with GNU make 3.81 (macOS) and later. Everything is installed into .venv, from hashes in requirements.txt.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/ready
PEERS := tests/support/node/node_modules/.package-lock.json
WORKERS ?= 3

# A tree that was moved, or whose Python is gone, is set up anew: the stamp holds the folder it was made for.
ifneq ($(shell test -x $(BIN)/python && cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

.PHONY: help demo test check lint bench lock clean browser golog strace

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Go through a whole quarterly access review and verify its packet (ARGS=--serve stays up)
	@$(BIN)/attester demo $(ARGS)

test: lint $(PEERS) browser golog strace ## All checks and all tests, real PostgreSQL, browser and Slack stand-in included
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: lint ## All checks: style, types, architecture; no server is started
	@$(BIN)/python -m pytest tests/architecture

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## Run the benchmarks and print their tables
	@$(BIN)/python -m benchmarks

lock: $(READY) ## Write requirements.txt anew from pyproject.toml (maintainers; needs pip-tools in .venv)
	@test -x $(BIN)/pip-compile || { echo "Install pip-tools first: $(BIN)/pip install pip-tools" >&2; exit 1; }
	$(BIN)/pip-compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--no-header --no-annotate --extra dev --allow-unsafe --quiet --output-file requirements.txt pyproject.toml

clean: ## Remove everything that make and the tests made
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo var
	@rm -rf tests/support/node/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

browser: $(READY)
	@scripts/browser

golog: $(READY)
	@scripts/go || test $$? -eq 3

strace: $(READY)
	@scripts/strace || test $$? -eq 3

$(READY): requirements.txt scripts/setup
	@scripts/setup

$(PEERS): tests/support/node/package-lock.json $(READY)
	@$(BIN)/python -m tests.support.node
	@touch $@
