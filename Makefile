# One line of help for each target: `make help`.
PYTHON ?= python3
ENGINE ?= auto
BIN := .venv/bin
SOURCES := functions local runtime tests benchmarks trust docs cli
.DEFAULT_GOAL := help

.PHONY: help install demo serve test check docs bench bench-serving cloud-demo trust

help: ## These lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## The virtual environment .venv, with all that local mode needs

demo: .venv/installed ## Start a server, upload every example with curl, ask one, stop (ENGINE=auto|docker|process)
	@BIN=$(BIN) ENGINE=$(ENGINE) bash local/demo.sh

cloud-demo: .venv/tested ## Google Cloud on this machine: a stand-in for each part, a package through the functions, its digest
	@BIN=$(BIN) bash tests/cloud/demo.sh

serve: .venv/installed ## The server on 127.0.0.1:8080 (ENGINE=auto|docker|process)
	@$(BIN)/python -m local --port 8080 --engine $(ENGINE)

test: .venv/tested ## All tests; what needs Docker is skipped, and says so, where no engine answers
	@$(BIN)/python -m pytest

check: .venv/benched ## ruff, formatting, mypy strict
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)

trust: .venv/tested ## What SECURITY.md promises, tried: one table (FULL=1: with the long runs; CHECKS="NAME ...")
	@$(BIN)/python -m trust $(if $(FULL),--full) $(CHECKS)

docs: .venv/installed ## docs/reference anew, from the code that it speaks of
	@$(BIN)/python -m docs.generator

bench: .venv/benched ## Beside the peers: one table, 1 if a bound is broken (WORKS="NAME ..."; QUICK=1: that it runs)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(WORKS)

bench-serving: .venv/benched ## The runtime beside its peers: one table (needs wrk)
	@$(BIN)/python -m benchmarks.serving

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or later is needed; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Making .venv (once) ..."
	@$(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt -r pyproject.toml --group local
	@touch $@

.venv/tested: .venv/installed pyproject.toml
	@echo "Adding what the tests need (once) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group test --group trust
	@touch $@

.venv/benched: .venv/tested
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	@touch $@
