# SPDX-License-Identifier: EUPL-1.2
#
# From a fresh checkout to a running archive (make demo) or to every check we have (make test).
#
# Needs python3 (3.11 or later), git and make. On Debian as root, what else is missing is installed; without
# root, one sentence says what to install. Everything made here stays in this folder: .venv (the program and
# the checks), .venv-oracles, .venv-pywb, .venv-clients, .venv-whoosh3 and .oracles-npm (other people's tools, for
# tests only), .make (the built wheel), demo-archive and my-archive (archives). Stamps live inside the folder they
# speak of: delete it and it is made anew.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two steps at once, where neither needs the other: environments are fetched while the code is read
MAKEFLAGS += --no-builtin-rules --jobs=2

PYTHON ?= python3
BIN := .venv/bin
MADE := .venv/made.stamp
RUN := .venv/run.stamp
DEV := .venv/dev.stamp
ORACLES := .venv-oracles/made.stamp .venv-pywb/made.stamp .venv-clients/made.stamp .oracles-npm/made.stamp

# What the tests use of Debian: a C compiler (faults of the disk), a browser and its engine without windows (libatomic1 is for
# playwright's own Node, which drives it), a web server and what asks it, certificates, fonts that make screenshots comparable, and two sets of documentation that serve as real sites.
PACKAGES := chromium chromium-headless-shell libatomic1 nginx caddy openssl fonts-dejavu-core sqlite3-doc python3.11-doc wget wrk gcc libc6-dev util-linux
# and for the tests that take minutes, one of several thousand pages, and a WordPress
LARGE_PACKAGES := cppreference-doc-en-html wordpress wordpress-theme-twentytwentyone mariadb-server php-fpm php-mysql

# How many tests run at once, one more than two cores: while one waits for a browser or a clock, another works. A file's
# tests stay together, because they share the archive they made.
WORKERS ?= 3
INDEX_TESTS := tests/test_catalogue.py tests/test_postings.py tests/test_search.py tests/test_whoosh_faults.py tests/test_merging.py
# Files are begun in the order of tests/conftest.py, the longest first, not by how many tests they have.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# An address may hold any character. It reaches the shell through the environment, never through make's own
# expansion: $(value) takes it as typed, and unexport keeps make from expanding it a second time.
unexport URL
archive need-url: export SEED := $(value URL)

MY_CONFIG := my-archive/config/daykeep.toml

.PHONY: help demo archive test test-large whoosh3 bench lint format oracles clean machine need-url checks

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
	    while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

# ---- running -------------------------------------------------------------------------------------------------

demo: $(RUN)  ## the demonstration: a small site, archived over several days, served on this machine
	@$(BIN)/daykeep demo

archive: need-url $(RUN)  ## keep a site of your choice in ./my-archive: make archive URL=https://www.example.org/
	@if [ ! -e $(MY_CONFIG) ]; then $(BIN)/daykeep init my-archive --seed "$$SEED"; \
	elif ! grep -qiF -- "$$SEED" $(MY_CONFIG); then \
	    echo "make archive: my-archive keeps another site; add this one as a [[site]] in $(MY_CONFIG)" >&2; exit 1; \
	fi
	@$(BIN)/daykeep --config $(MY_CONFIG) run-due --now || [ $$? -eq 3 ]  # 3: done, with problems it has told
	@$(BIN)/daykeep --config $(MY_CONFIG) serve

need-url:
	@[ -n "$$SEED" ] || { echo 'make archive: which site? For example: make archive URL=https://www.example.org/' >&2; exit 1; }

# ---- checking ------------------------------------------------------------------------------------------------

test: checks whoosh3  ## every check but the large ones; sets up what they need
	@echo '== pytest (the last step: its closing line is the outcome)'
	@$(PYTEST) -m 'not large'

bench: $(DEV) machine  ## the figures of docs/performance.md, beside wget; takes some minutes
	@tests/support/setup_machine.sh cppreference-doc-en-html
	@$(BIN)/python bench/crawl.py --peers wget --markdown

test-large: $(DEV) .venv-whoosh3/made.stamp machine $(ORACLES)  ## the tests that take minutes, and those in a browser in the whole of Chromium
	@tests/support/setup_machine.sh $(LARGE_PACKAGES)
	@$(PYTEST) -m large
	@DAYKEEP_WHOLE_CHROMIUM=1 $(PYTEST) -m 'browser and not large'
	@.venv-whoosh3/bin/python -m pytest tests/test_recall.py

# Whoosh has a successor of the same import name; whoever has to change to it finds that the index works with it.
# All but whoosh itself comes from .venv.
whoosh3: $(DEV) .venv-whoosh3/made.stamp  ## the tests of the search index on whoosh3
	@echo '== pytest on whoosh3'
	@.venv-whoosh3/bin/python -m pytest -n $(WORKERS) --dist loadfile -m 'not large' $(INDEX_TESTS)

# The quick steps before pytest; each stops the run when it fails.
checks: $(DEV) machine $(ORACLES) lint
	@echo '== wheel: built, and its contents checked'
	@rm -rf .make/wheel && mkdir -p .make
	@$(BIN)/python -m build --wheel --outdir .make/wheel . >.make/build.log 2>&1 || { cat .make/build.log >&2; exit 1; }
	@$(BIN)/check-wheel-contents .make/wheel

lint: $(DEV)  ## ruff, mypy and import-linter
	@echo '== ruff check'
	@$(BIN)/ruff check .
	@echo '== ruff format --check'
	@$(BIN)/ruff format --check .
	@echo '== mypy'
	@$(BIN)/mypy
	@echo '== lint-imports'
	@$(BIN)/lint-imports

format: $(DEV)  ## write the code as ruff would
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# ---- setting up ----------------------------------------------------------------------------------------------

# Debian keeps ensurepip in python3-venv; without it `python3 -m venv` makes half an environment.
$(MADE):
	@command -v $(PYTHON) >/dev/null || { echo 'make: $(PYTHON) is not here; install Python 3.11 or later' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "make: Daykeep needs Python 3.11 or later and found $$($(PYTHON) --version)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tests/support/setup_machine.sh python3-venv
	@echo "== .venv: an environment with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@touch $@

$(RUN): pyproject.toml | $(MADE)
	@echo '== .venv: Daykeep and the libraries it needs'
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# Dependency groups need pip 25.1; Debian 12 brings 23.0.
$(DEV): pyproject.toml $(RUN)
	@echo '== .venv: what the checks need'
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

oracles: $(ORACLES)  ## other people's tools that judge what we write, for tests only

.venv-oracles/made.stamp: tests/oracles/requirements.txt | $(MADE)
	@echo '== .venv-oracles: wacz, warcio, fastwarc'
	@$(PYTHON) -m venv --clear .venv-oracles
	@.venv-oracles/bin/python -m pip install --quiet --use-pep517 --requirement $<
	@touch $@

.venv-pywb/made.stamp: tests/oracles/pywb.txt | $(MADE)
	@echo '== .venv-pywb: pywb, warcprox'
	@$(PYTHON) -m venv --clear .venv-pywb
	@.venv-pywb/bin/python -m pip install --quiet --use-pep517 --requirement $<
	@touch $@

.venv-clients/made.stamp: tests/oracles/clients.txt | $(MADE)
	@echo '== .venv-clients: cdx-toolkit, waybackpy, wayback, memento-client'
	@$(PYTHON) -m venv --clear .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --use-pep517 --requirement $<
	@touch $@

.venv-whoosh3/made.stamp: tests/oracles/whoosh3.txt $(DEV)
	@echo '== .venv-whoosh3: whoosh3'
	@$(PYTHON) -m venv --clear .venv-whoosh3
	@.venv-whoosh3/bin/python -m pip install --quiet --no-deps --requirement $<
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    >"$$(.venv-whoosh3/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/daykeep.pth"
	@touch $@

# Debian's npm brings its own Node; whoever has npm from elsewhere keeps that.
.oracles-npm/made.stamp: tests/oracles/npm.txt tests/support/fetch_npm.sh | machine
	@echo '== .oracles-npm: ReplayWeb.page, axe-core'
	@command -v npm >/dev/null || tests/support/setup_machine.sh npm
	@tests/support/fetch_npm.sh $< .oracles-npm
	@touch $@

machine:
	@tests/support/setup_machine.sh $(PACKAGES)

# Sealed snapshots are read-only, those of the demonstration too. Your own archive is never touched.
clean:  ## remove what was made here: environments, caches, the demonstration; never my-archive
	@[ ! -d demo-archive ] || chmod -R u+w demo-archive
	@rm -rf .venv .venv-oracles .venv-pywb .venv-clients .venv-whoosh3 .oracles-npm .make demo-archive dist build \
	    .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find archiver index viewer tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
