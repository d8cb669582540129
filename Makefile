# Littoral. `make` alone says what there is.
#
# Two commands matter: `make run` and `make test`. Both bring what they need onto a Debian machine first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where rustup puts cargo, for a shell that was started before it came.
export PATH := $(PATH):$(HOME)/.cargo/bin
export CARGO_TERM_PROGRESS_WHEN := never

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# In CI the committed lock files are what is built, or nothing.
LOCKED := $(if $(CI),--locked)
# Packages of their own beside the workspace.
APART := $(wildcard fuzz/Cargo.toml bench/Cargo.toml)

TARGET ?= all
SECONDS ?= 60

# One after the other: setup comes first, and cargo uses all cores by itself.
.NOTPARALLEL:
.PHONY: help run test setup-test soak check lint fmt tidy clippy doc fuzz bench conformance

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build the release binary and start it with a demo origin (ARGS="…" adds to `littoral up --demo`)
	@scripts/setup run
	cargo build --release $(LOCKED) -p littoral
	exec $(TARGET_DIR)/release/littoral up --demo $(ARGS)

test: setup-test lint ## everything that must hold before a commit: lint, fuzz corpora, real clients, conformance, all tests
	cargo build $(LOCKED) --workspace --all-targets
	scripts/fuzz corpus
	tests/clients/run
	tests/conformance/run
	scripts/cargo-test $(LOCKED) --workspace

soak: setup-test ## the long counts: tests with LITTORAL_SOAK=1, and each fuzz target for SOAK_MINUTES (default 15)
	scripts/fuzz all $$(( $(or $(SOAK_MINUTES),15) * 60 ))
	CARGO_TARGET_DIR=$(TARGET_DIR)/loom RUSTFLAGS="--cfg loom" cargo test $(LOCKED) --release -p littoral-ledger orders
	LITTORAL_SOAK=1 scripts/cargo-test $(LOCKED) --release --workspace

setup-test:
	@scripts/setup test

check: ## does it compile? the quickest answer
	cargo check $(LOCKED) --workspace --all-targets

lint: fmt tidy clippy doc ## formatting, tidy, clippy and documentation, warnings denied
	@if command -v cargo-deny >/dev/null; then cargo deny --all-features check; fi

fmt:
	cargo fmt --all --check
	for manifest in $(APART); do cargo fmt --manifest-path $$manifest --check; done

tidy:
	cargo xtask tidy

clippy:
	cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings
	for manifest in $(APART); do
	  CARGO_TARGET_DIR=$(TARGET_DIR)/apart cargo clippy $(LOCKED) --manifest-path $$manifest --all-targets -- -D warnings
	done

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc $(LOCKED) --workspace --no-deps

fuzz: setup-test ## fuzz TARGET (default all) for SECONDS each (default 60): make fuzz TARGET=request SECONDS=600
	scripts/fuzz $(TARGET) $(SECONDS)

bench: ## measure beside nginx and haproxy; ROW=h1-1k,… and SERVERS=… choose, bench/run says what else
	@scripts/setup bench
	bench/run

conformance: setup-test ## the HTTP cache conformance suite against the edge, as a table (CACHE_TESTS=DIR for a checkout)
	cargo build $(LOCKED) -p littoral
	tests/conformance/run $(ARGS)
