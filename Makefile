# `make` prints this help. The two commands of the README are `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := $(shell for p in python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
# Tests run side by side, a file on one worker; each worker has a PostgreSQL of its own.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 ANONYMIZED_TELEMETRY=False TOKENIZERS_PARALLELISM=false DO_NOT_TRACK=1

.PHONY: help run build setup test unit journeys proofs check bench evals services clean need-python need-node need-port

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: need-port need-python need-node .venv/.ready web/dist/.ready ## Serve Baton with its demo shop on 127.0.0.1:8000
	@exec $(BIN)/baton serve --demo

build: need-node web/dist/.ready ## Build the pages

setup: need-python need-node .venv/.ready-dev web/dist/.ready ## Install everything for development

test: need-python need-node services .venv/.ready-dev web/dist/.ready ## Run all tests, the browser journeys too
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE)
	cd web && npm test --silent

unit: need-python .venv/.ready-dev ## Run the tests without a browser and without the real encoder
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m "not journey and not model and not proof"

journeys: need-python need-node services .venv/.ready-dev web/dist/.ready ## Run the browser journeys only
	$(BIN)/python -m pytest -q -m journey

proofs: need-python need-node services .venv/.ready-dev web/dist/.ready ## Run the long proofs in full
	$(BIN)/python -m pytest -q -m proof --timeout 3600

check: need-python need-node .venv/.ready-dev web/node_modules/.ready ## Format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent check

bench: need-python .venv/.ready-dev ## Measure what everything but the model costs
	$(BIN)/python -m evals.bench
	$(BIN)/python -m evals.bench_encoder
	$(BIN)/python -m evals.bench_knowledge
	$(BIN)/python -m evals.bench_model
	$(BIN)/python -m evals.bench_evals

evals: need-python .venv/.ready-dev ## Run every shipped suite and the labelled questions, and write the reports
	$(BIN)/python -m evals.shipped --write docs/suites-report.md
	$(BIN)/python -m evals.suites
	$(BIN)/python -m evals.answer_report --work var/evals/sets --write docs/answers-report.md

services: ## Install Chromium and PostgreSQL for the tests, where they are missing
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing$$missing…"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else echo "The tests need$$missing; install with: sudo apt-get install -y$$missing"; exit 1; fi

clean: ## Remove everything that was built or installed here; data in var/ stays
	rm -rf .venv web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache

need-python:
	@[ -n "$(PYTHON)" ] || { echo "Baton needs Python 3.11, which was not found; install it (for example: apt-get install python3.11 python3.11-venv)."; exit 1; }

need-node:
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null || { echo "Baton needs Node.js 20 or newer to build its pages; install it and run make again."; exit 1; }

need-port:
	@(exec 3<>"/dev/tcp/$${BATON_HOST:-127.0.0.1}/$${BATON_PORT:-8000}") 2>/dev/null && { echo "Port $${BATON_PORT:-8000} is in use; stop what is running there or choose another: BATON_PORT=8001 make run"; exit 1; } || true

.venv/bin/python:
	@$(PYTHON) -m venv .venv

# torch comes first and pinned: left to a resolver it brings gigabytes of GPU libraries.
.venv/.ready: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing Python packages (once, about two minutes)…"
	@$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

web/node_modules/.ready: web/package-lock.json
	@echo "Installing web packages…"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/.ready: web/node_modules/.ready $(WEB_SOURCES)
	@echo "Building the pages…"
	@cd web && npm run --silent build >/dev/null
	@touch $@
