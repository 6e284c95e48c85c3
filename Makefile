PERSONS ?= 20000
PORT ?= 8000
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help set-up demo test lint fix bench migrate schema audit

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

set-up: ## Install everything into .venv/ (each target below does so by itself)
	@tools/setup

demo: set-up ## Load an invented population and serve it (PERSONS=20000 PORT=8000)
	$(BIN)/sijil demo --persons $(PERSONS) --port $(PORT)

test: set-up ## Run all tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: set-up ## Check style, types and the arrows between rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: set-up ## Mend what can be mended of the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: set-up ## Measure, and write bench/results.json and bench/RESULTS.md
	$(BIN)/python -m bench

migrate: set-up ## Bring the database of the instance to the newest revision
	$(BIN)/sijil db migrate

schema: set-up ## Export the schema to api/schema.graphql
	$(BIN)/sijil schema

audit: set-up ## Ask whether the locked packages have known weaknesses
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.lock
