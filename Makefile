# Everything one does with this repository. Needs Python 3.11 or newer and make; the rest is
# installed into .venv (and by apt: redis-server for the tests, Chromium for `make browser`).
# Safe to run again at any time.

VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check
PYTEST  := $(BIN)/python -m pytest
REPORTS := .artifacts

# Options for the program that a target runs: make test ARGS="-k lease -x"
ARGS ?=
# How many rounds of kill -9 `make crash` plays.
CRASH_ROUNDS ?= 100

.DEFAULT_GOAL := help
.PHONY: help setup serve test lint format crash browser bench lock docs models clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready-dev  ## Create .venv with everything needed to run, test and lint

serve: $(VENV)/.ready  ## Set up and run studyq on http://127.0.0.1:8642
	@$(BIN)/studyq models install || \
		echo "Going on without the embedding model: search finds words, not meanings." >&2
	@exec $(BIN)/studyq serve $(ARGS)

test: $(VENV)/.ready-dev  ## Unit, integration, web and docs tests
	@redis=$$(sh scripts/find_redis.sh) || exit 1; REDIS_SERVER="$$redis" $(PYTEST) \
		tests/unit tests/integration tests/web tests/docs --junitxml=$(REPORTS)/test.xml $(ARGS)

lint: $(VENV)/.ready-dev  ## Formatting, ruff, mypy --strict, import floors
	@failed=; for check in "ruff format --check ." "ruff check ." mypy lint-imports; do \
		echo "$$check"; $(BIN)/$$check || failed="$$failed; $$check"; \
	done; test -z "$$failed" || { echo "failed: $${failed#; }" >&2; exit 1; }

format: $(VENV)/.ready-dev  ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

crash: $(VENV)/.ready-dev  ## kill -9, freezes, lost rings, Redis away (CRASH_ROUNDS=100)
	@redis=$$(sh scripts/find_redis.sh) || exit 1; REDIS_SERVER="$$redis" \
		CRASH_ROUNDS=$(CRASH_ROUNDS) $(PYTEST) tests/crash --junitxml=$(REPORTS)/crash.xml $(ARGS)

browser: $(VENV)/.ready-dev  ## Tests in a real Chromium; screenshots go to .artifacts/
	@chromium=$$(sh scripts/find_chromium.sh) || exit 1; \
		CHROMIUM="$$chromium" $(PYTEST) tests/browser --junitxml=$(REPORTS)/browser.xml $(ARGS)

bench: $(VENV)/.ready-dev  ## Measure, and print each figure as a ratio within one run
	$(BIN)/python -m benchmarks $(ARGS)

# Keeps the versions that still fit; `make lock UPGRADE=--upgrade` takes the newest of all.
UPGRADE ?=
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
lock: $(VENV)/.created  ## Write the lock files anew from pyproject.toml
	@test -x $(BIN)/uv || $(PIP) install --quiet "uv>=0.9"
	$(COMPILE) $(UPGRADE) pyproject.toml --extra gcs --group test --group lint --group build \
		--output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --extra redis --constraints requirements-dev.lock \
		--output-file requirements.lock
	$(COMPILE) --group build --constraints requirements-dev.lock \
		--output-file requirements-build.lock

docs: $(VENV)/.ready-dev  ## Write the generated parts of docs/ anew (settings, commands, routes)
	$(BIN)/python tests/reference_docs.py

models: $(VENV)/.ready  ## Fetch and check the embedding model
	$(BIN)/studyq models install $(ARGS)

clean:  ## Remove .venv, caches and reports; your data stays
	rm -rf $(VENV) $(REPORTS) build dist .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find src tests benchmarks migrations -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp a step, so that a second run has nothing to do.
$(VENV)/.created:
	@sh scripts/create_venv.sh $(VENV)
	@touch $@

$(VENV)/.ready: $(VENV)/.created requirements.lock requirements-build.lock pyproject.toml
	@echo "Installing what studyq needs (the first time takes a minute)"
	@$(PIP) install --quiet --require-hashes -r requirements-build.lock -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "Installing what the tests and linters need"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
