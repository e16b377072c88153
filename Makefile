# One line of help for each target: `make help`.
PYTHON ?= python3
ENGINE ?= auto
PORT ?= 8080
BIN := .venv/bin
SOURCES := functions local runtime tests benchmarks trust docs cli
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
.DEFAULT_GOAL := help

.PHONY: help install demo serve test check docs record bench bench-serving cloud-demo trust lock audit

help: ## These lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## The virtual environment .venv, with all that local mode needs

demo: .venv/installed ## Start a server, upload every example with curl, ask one, stop (ENGINE=auto|docker|process)
	@BIN=$(BIN) ENGINE=$(ENGINE) bash local/demo.sh

cloud-demo: .venv/tested ## Google Cloud on this machine: a stand-in for each part, a package through the functions, its digest
	@BIN=$(BIN) bash tests/cloud/demo.sh

serve: .venv/installed ## The server on 127.0.0.1:8080 (PORT=8080 ENGINE=auto|docker|process)
	@$(BIN)/python -m local --port $(PORT) --engine $(ENGINE)

test: .venv/tested ## All tests; what needs Docker is skipped, and says so, where no engine answers
	@$(BIN)/python -m pytest

check: .venv/benched ## ruff, formatting, mypy strict, bandit
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive functions local runtime cli

audit: .venv/tested ## Known vulnerabilities of all that is installed (needs a vulnerability service; 3 where none answers)
	@$(BIN)/python -m trust.audit

trust: .venv/tested ## What SECURITY.md promises, tried: one table (FULL=1: with the long runs; CHECKS="NAME ...")
	@$(BIN)/python -m trust $(if $(FULL),--full) $(CHECKS)

lock: .venv/installed ## What is installed, anew from requirements.in and pyproject.toml, each file by its hash (needs a package index)
	@$(LOCK) requirements.in --output-file requirements.txt
	@$(LOCK) pyproject.toml --group local --constraint requirements.txt --output-file local/requirements.txt

docs: .venv/installed ## docs/reference anew, from the code that it speaks of
	@$(BIN)/python -m docs.generator

record: .venv/tested ## docs/push.txt anew: a real push, as a terminal shows it
	@$(BIN)/python -m docs.recorder

bench: .venv/benched ## Beside the peers: one table, 1 if a bound is broken (WORKS="NAME ..."; QUICK=1: that it runs)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(WORKS)

bench-serving: .venv/benched ## The runtime beside its peers: one table (needs wrk)
	@$(BIN)/python -m benchmarks.serving

.venv/installed: requirements.txt local/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or later is needed; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Making .venv (once) ..."
	@$(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r local/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@touch $@

.venv/tested: .venv/installed pyproject.toml
	@echo "Adding what the tests need (once) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.txt --constraint local/requirements.txt \
		--group test --group trust
	@touch $@

.venv/benched: .venv/tested
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	@touch $@
