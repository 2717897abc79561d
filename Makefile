# Every target does its own set-up and can be repeated. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
RUFF := .venv/bin/ruff
DATA_DIR ?= quickstart-data
FUZZ_SECONDS ?= 10
# The lock file decides, everywhere.
CARGO := cargo
LOCKED := --locked

# One after the other: each step may stop the rest.
.NOTPARALLEL:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: quickstart
quickstart: setup ## build, make a key, encrypt a file, show the audit trail, leave the server running
	@echo 'Building the program (the first time takes some minutes).'
	@$(CARGO) build $(LOCKED) --quiet --package keyward
	@$(PYTHON) scripts/quickstart.py --data-dir '$(DATA_DIR)'

.PHONY: quickstart-stop
quickstart-stop: ## stop the server that `make quickstart` left running
	@python3 scripts/quickstart.py --data-dir '$(DATA_DIR)' --stop

.PHONY: test
test: setup lint test-unit test-suites ## everything that guards the tree, but for model and deny

.PHONY: test-unit
test-unit: ## the tests of the crates, and the rules of the tree
	$(CARGO) xtask ci test

.PHONY: test-suites
test-suites: ## the built program against real AWS clients
	@scripts/setup --suites
	$(CARGO) build $(LOCKED) --quiet --package keyward
	$(PYTHON) -m pytest suites

.PHONY: lint
lint: setup ## formatting, lints and the documentation of the crates
	$(CARGO) xtask ci fmt
	$(CARGO) xtask ci clippy
	$(CARGO) xtask ci doc
	$(RUFF) check --quiet suites scripts
	$(RUFF) format --quiet --check suites scripts

.PHONY: bench
bench: bench-stages bench-load ## every stage of a request, and the program beside a bare server

.PHONY: bench-stages
bench-stages: setup ## criterion benchmarks: verify, decode, seal, open, record, encode, commit, call
	$(CARGO) bench $(LOCKED) --workspace --benches --quiet

.PHONY: bench-load
bench-load: setup ## the program under load on loopback, as a ratio to a bare hyper server
	$(CARGO) build $(LOCKED) --release --quiet --package keyward --package keyward-bench
	target/release/keyward-bench

.PHONY: model
model: ## the constraint table is what the API model says (fetches the model once)
	$(CARGO) xtask model --check

.PHONY: deny
deny: ## licences, sources, advisories and bans of the dependencies
	@cargo deny --version >/dev/null 2>&1 || \
	  { echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	$(CARGO) deny check

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZ_SECONDS (10)
	@cargo fuzz --version >/dev/null 2>&1 || \
	  { echo 'cargo-fuzz is missing: rustup toolchain install nightly && cargo install --locked cargo-fuzz' >&2; exit 1; }
	@for target in $$(cargo +nightly fuzz list); do \
	  echo "fuzz: $$target"; \
	  cargo +nightly fuzz run "$$target" -- -max_total_time=$(FUZZ_SECONDS) -verbosity=0; \
	done

.PHONY: setup
setup: ## install what the other targets need
	@scripts/setup

.PHONY: lock
lock: setup ## write suites/requirements.txt from requirements.in
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check uv
	@cd suites && ../.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --python-version 3.11 requirements.in --output-file requirements.txt

.PHONY: clean
clean: ## remove what was built; data directories stay
	rm -rf target .venv .cache suites/js-sdk/node_modules
	find suites scripts -name __pycache__ -type d -prune -exec rm -rf {} +
