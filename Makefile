# make demo     install, then boxes -> masks -> stock detector on drawn images
# make test     install, then the test suite (this is what CI runs)
# make test-full  the long counts: a million masks, 200 kills
# A machine needs Python 3.11, gcc/g++, git and make.  The first install compiles
# mmcv's operators (5 to 15 minutes on 2 cores); pip keeps the wheel, so the next
# environment on the machine takes 2 to 3 minutes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
LOG := $(VENV)/install.log
PIP_INSTALL := $(PY) tools/dev/pip_install.py $(LOG)

# The first of these that is Python 3.11; or say make PYTHON=/path/to/python.
IS_311 := import sys; sys.exit(sys.version_info[:2] != (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	$$p -c '$(IS_311)' 2>/dev/null && echo $$p && break; done)

# mmcv with Python's own flags (-g -O3) takes twice as long to compile; with these
# its deformable convolution gives the same bits at the same speed.  A job needs
# about 1 GB of memory.
MMCV_CFLAGS := -O2 -g0 -DNDEBUG -fwrapv -fPIC
MAX_JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 8 ? n : 8)))

# Where make docs writes.
SITE := work_dirs/docs

# pytest arguments: make test ARGS='tests/test_utils -k compat'
ARGS ?=
# Options of the benchmarks: make bench BENCH='--only rle labelling' THREADS=2
BENCH ?=
THREADS ?= 1
# Test processes; each needs about 1.5 GB.  A file's tests stay in one.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? n : 4)))

.PHONY: help install demo test test-full bench docs mim lint clean distclean

help:
	@echo 'make install    .venv with the pinned stack and this package'
	@echo 'make demo       install, then the whole chain on drawn images'
	@echo 'make test       install, then the tests (ARGS=... goes to pytest)'
	@echo 'make test-full  the long counts: a million masks, 200 kills'
	@echo 'make bench      every speed-up against plain code, side by side (BENCH=...)'
	@echo 'make docs       install, then the site, in $(SITE)'
	@echo 'make mim        install, then openmim for mim train'
	@echo 'make lint       ruff'
	@echo 'make clean      remove build products and caches'
	@echo 'make distclean  clean, and remove $(VENV)'

install: $(VENV)/.package

demo: $(VENV)/.package
	$(PY) -u tools/demo.py

test: $(VENV)/.tests $(VENV)/.browser
	$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-full: $(VENV)/.tests
	$(PY) -m pytest -m full $(ARGS)

# Keep other work off the machine; results go to work_dirs/bench.
bench: $(VENV)/.package
	OMP_NUM_THREADS=$(THREADS) $(PY) -m benchmarks.run --threads $(THREADS) $(BENCH)

# Offline; every warning is an error.  -E: docstrings have no time stamps.
docs: $(VENV)/.tests
	$(PY) -m sphinx -W --keep-going -q -E -d $(SITE)/.doctrees -b html docs $(SITE)
	@echo 'open $(SITE)/index.html'

mim: $(VENV)/.mim

lint: $(VENV)/.tests
	$(PY) -m ruff check .
	bash -n tools/*.sh tools/dev/*.sh .ci/run

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)

# ---------------------------------------------------------------- environment
# Each stage leaves a stamp, so a second make does nothing and a stage that
# failed is done again.

$(VENV)/.venv:
	@if [ -z '$(PYTHON)' ]; then \
		echo 'Python 3.11 was not found; make PYTHON=/path/to/python3.11' >&2; \
		exit 2; fi
	@if ! $(PYTHON) -c '$(IS_311)'; then \
		echo "$(PYTHON) is not Python 3.11 but $$($(PYTHON) -V 2>&1)" >&2; \
		exit 2; fi
	@echo '== 1/4 environment in $(VENV)'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.build: requirements/build.txt | $(VENV)/.venv
	@echo '== 2/4 torch and the build tools'
	@$(PIP_INSTALL) -r requirements/build.txt
	@touch $@

# Without build isolation: mmcv compiles against the torch installed just now.
$(VENV)/.runtime: requirements/runtime.txt requirements/headless.txt $(VENV)/.build
	@echo '== 3/4 the OpenMMLab stack (mmcv compiles 77 files the first time)'
	@command -v g++ > /dev/null || echo 'warning: no g++, mmcv may not build' >&2
	@CFLAGS='$(MMCV_CFLAGS)' MAX_JOBS=$(MAX_JOBS) \
		$(PIP_INSTALL) --no-build-isolation -r requirements/runtime.txt
	@$(PIP_INSTALL) --no-deps --force-reinstall -r requirements/headless.txt
	@$(PY) -c 'import mmcv.ops' || { \
		echo 'mmcv does not load: perhaps pip kept its wheel from another' \
		'torch; run $(PY) -m pip cache remove mmcv,' \
		'$(PY) -m pip uninstall -y mmcv, and make again' >&2; exit 1; }
	@touch $@

MEAN_FIELD_C := mmdet_mal/models/mean_field/mean_field.c

$(VENV)/.package: setup.py pyproject.toml mmdet_mal/version.py $(MEAN_FIELD_C) \
		$(VENV)/.runtime
	@echo '== 4/4 mmdet-mal'
	@$(PIP_INSTALL) --no-build-isolation --no-deps -e .
	@$(PY) -m pip check
	@touch $@

$(VENV)/.tests: requirements/tests.txt requirements/extras.txt requirements/docs.txt $(VENV)/.package
	@$(PIP_INSTALL) -r requirements/tests.txt
	@touch $@

# Chromium on PATH, or installed where that needs no questions; without one a line
# says why, no stamp is left, and the tests of the review page skip.  To install
# nothing on the system: make test BROWSER=no
$(VENV)/.browser: tools/dev/browser.sh | $(VENV)/.venv
	@BROWSER='$(BROWSER)' bash $< $(VENV)/browser.log && touch $@ || true

$(VENV)/.mim: requirements/mim.txt $(VENV)/.package
	@$(PIP_INSTALL) --no-build-isolation -r requirements/mim.txt
	@touch $@
