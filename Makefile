# Two commands: `make demo` and `make test`. Both need python3 (3.11 or newer; 3.11 to 3.13 are tested) and make,
# nothing else.
#
# Law: every target runs what is in .venv; .venv is made from pyproject.toml and constraints.txt, by pip, which
# reads its own settings as everywhere. Nothing here is interactive.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BUILD := hatchling hatch-fancy-pypi-readme
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
SOAK := $(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile soak
VERSIONS := $(sort $(patsubst versions/airflow-%.txt,%,$(wildcard versions/airflow-*.txt)))
STORIES := 147 7 2 4
SEE_AIRFLOW := tests/run tests/shell/airflow tests/shell/transport tests/shell/ui tests/test_provider.py
STUBBED := airflow.executors.base_executor airflow.cli.cli_config xdist.scheduler
# Workers for the unit tests: two more than there are cores, for some wait now and then; each takes six seconds to
# collect its tests. Those that wait for clocks most of the time have workers of their own: at the end nothing would be left to be done meanwhile.
# End to end: one for each group of tests that takes long (tests/e2e/conftest.py), of which the last takes all else;
# they wait for Airflow most of the time, and what is nice runs meanwhile.
WORKERS ?= $(shell expr 2 + $$(getconf _NPROCESSORS_ONLN || echo 2))
# Compiled code is kept, whatever the machine is set to: hundreds of processes would each compile it again.
unexport PYTHONDONTWRITEBYTECODE
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
# The next version of Airflow, which is the scheduler's while images are still to be upgraded.
NEWER_3.1 := .venv-versions/3.2
NEWER_3.2 := $(VENV)

.PHONY: help venv demo docs test lint types unit computes waits e2e e2e-examples killed oldest versions soak mutants bench fmt clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## run a DAG on Batch and on ECS/Fargate, all on this machine (KEEP=1: leave it up; TRANSPORT=s3: by way of S3; EVENTS=1: with events; WARM=1: cold beside warm)
	@$(BIN)/python -m aws_executors.demo $(if $(filter-out 0,$(KEEP)),--keep) $(if $(TRANSPORT),--transport $(TRANSPORT)) $(if $(filter-out 0,$(EVENTS)),--events) $(if $(filter-out 0,$(WARM)),--warm)

test: lint ## format, lint, types, stubs, unit, property, doc and README tests, end to end, the demo on the oldest Airflow
	@echo "make: types, unit tests, end-to-end tests and the oldest Airflow side by side; each shows all when it has ended"
	@$(MAKE) --no-print-directory --jobs 5 $(WHOLE) types unit e2e oldest || \
	  { echo "make test: NOT green; 'Error' stands above behind the name of what failed" >&2; exit 1; }
	@echo "make test: all green"

docs: $(INSTALLED) ## a site of the pages in docs/, with a search and the API; a broken link is an error
	@$(BIN)/sphinx-build -q -W --keep-going -b html -d .docs/pages docs .docs/site
	@echo "make docs: open .docs/site/index.html"

lint: $(INSTALLED) ## ruff: format and lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(INSTALLED) ## mypy, and our stubs against what they describe
	nice $(BIN)/mypy
	AIRFLOW_HOME=$(CURDIR)/.mypy_cache/airflow MYPYPATH=typings:src \
	  nice $(BIN)/python -m mypy.stubtest $(STUBBED) --mypy-config-file typings/stubtest.ini --ignore-missing-stub

unit: computes waits ## unit and property tests, the documentation and its examples

computes: $(INSTALLED)
	nice $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not waits" --ignore=tests/e2e

waits: $(INSTALLED)
	nice $(BIN)/python -m pytest -q -n 3 --dist worksteal -m waits $$(grep -rl --include='test_*.py' 'mark\.waits' tests)

e2e: $(INSTALLED) ## Airflow, its executors and an embedded AWS, end to end
	$(BIN)/python -m pytest -q -n 3 tests/e2e

e2e-examples: $(INSTALLED) ## Airflow's own example DAGs by each executor, and as LocalExecutor runs them
	@PYTHONPATH=src:tests $(BIN)/python -m e2e.examples

bench: .bench/.installed ## beside the Amazon provider's executors, an hour (BENCH="--quick": less; WARM=1: warm containers beside cold ones)
	.bench/venv/bin/python -m benchmarks$(if $(filter-out 0,$(WARM)),.warm) $(BENCH)

.bench/.installed: pyproject.toml constraints.txt benchmarks/requirements.txt benchmarks/constraints.txt
	@test -x .bench/venv/bin/python || $(PYTHON) -m venv .bench/venv
	@.bench/venv/bin/python -m pip --disable-pip-version-check -q -q install -c constraints.txt pip $(BUILD)
	@.bench/venv/bin/python -m pip --disable-pip-version-check -q -q install -c constraints.txt \
	  -c benchmarks/constraints.txt --no-build-isolation -r benchmarks/requirements.txt -e .
	@touch $@

soak: $(INSTALLED) ## look for faults by chance: schedules in virtual time (SECONDS=600, SEED=1), then property tests (RUNS=10, TESTS=tests/core)
	PYTHONPATH=src:tests $(BIN)/python -m simulation --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)
	@runs=$(or $(RUNS),1); for run in $$(seq $$runs); do \
	  seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); echo "run $$run of $$runs: --hypothesis-seed=$$seed"; \
	  $(SOAK) --hypothesis-seed=$$seed $(or $(TESTS),tests src) && echo "run $$run of $$runs: green" || { \
	    echo "run $$run of $$runs: NOT green; the same again:" \
	         "$(SOAK) --hypothesis-seed=$$seed $(or $(TESTS),tests src)" >&2; exit 1; }; done

mutants: $(INSTALLED) ## break the code on purpose, one line at a time, until a schedule finds it out (SCHEDULES=1500)
	PYTHONPATH=src:tests $(BIN)/python -m simulation.mutants --schedules $(or $(SCHEDULES),1500)

killed: $(INSTALLED) ## kill real schedulers, SEEDS=20 times in a row, and judge what is left (SEED=7: this one; WARM=1: with warm containers)
	@PYTHONPATH=src:tests $(BIN)/python -m e2e.killed $(if $(filter-out 0,$(WARM)),--warm) $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),20))

oldest: .venv-versions/$(firstword $(VERSIONS))/.installed ## the demo with the oldest Airflow
	@PYTHONPATH=src:tests nice $(<D)/bin/python -m e2e.oldest --logs .demo/oldest --timeout 600

versions: $(VERSIONS:%=version-%) ## with the older versions of Airflow: tests that see it, demos, executors side by side, killed schedulers (make version-3.1: one)

# A warning is no error here, where it may be one of an older Airflow about its own packages. Of the last
# story no scheduler dies: its callback must have run, if Airflow has any.
.SECONDEXPANSION:
version-%: .venv-versions/%/.installed $$(NEWER_$$*)/.installed
	@echo "make: Airflow $*"
	@PYTHONPATH=src:tests nice $(<D)/bin/python -m pytest -q -W default -n 2 --dist worksteal $(SEE_AIRFLOW)
	@for transport in inline s3; do $(<D)/bin/python -m aws_executors.demo --logs .demo/$* --transport $$transport || exit 1; done
	@PYTHONPATH=src:tests $(NEWER_$*)/bin/python -m e2e.other_image $(<D)/bin/python --logs .demo/image-$*
	@PYTHONPATH=src:tests $(<D)/bin/python -m e2e.mixed --logs .killed/mixed-$*
	@PYTHONPATH=src:tests $(<D)/bin/python -m e2e.killed --logs .killed/$* $(STORIES:%=--seed %)

# An environment's constraints are ours, but for what its own file says. The file names no index.
.venv-versions/%/.installed: pyproject.toml constraints.txt versions/airflow-%.txt
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@awk -F '[=; ]' 'NR == FNR { own[$$1]; print; next } !($$1 in own)' versions/airflow-$*.txt constraints.txt > $(@D)/constraints.txt
	@echo "make: installing Airflow $* into $(@D) (about a minute)"
	@nice $(@D)/bin/python -m pip --disable-pip-version-check -q -q install -c $(@D)/constraints.txt pip $(BUILD) && \
	  nice $(@D)/bin/python -m pip --disable-pip-version-check -q -q install -c $(@D)/constraints.txt \
	  --no-build-isolation --group versions --editable . || { \
	  echo "make: Airflow $* could not be installed into $(@D), so nothing was tested with it; pip says why above" >&2; \
	  exit 1; }
	@touch $@

.PRECIOUS: .venv-versions/%/.installed

fmt: $(INSTALLED) ## format, and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

venv: $(INSTALLED) ## make .venv, or bring it up to date

# hatchling comes first, pinned like the rest, so that the project itself is built without reaching out again.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: aws-executors needs Python 3.11 or newer, and $(PYTHON) is not one:" \
	       "name one, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 14))' || \
	  echo "make: aws-executors is tested with Python 3.11, 3.12 and 3.13; $(PYTHON) is newer" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "make: $(PYTHON) cannot make a virtual environment: install its venv module" \
	       "(on Debian and Ubuntu: apt-get install python3-venv), then: rm -r $(VENV)" >&2; exit 1; }
	@echo "make: installing into $(VENV) (about a minute the first time)"
	@$(PIP) install --constraint constraints.txt pip $(BUILD)
	@$(PIP) install --constraint constraints.txt --no-build-isolation --group dev --editable .
	@touch $@

clean: ## remove .venv and everything that was made
	rm -rf $(VENV) .venv-versions .bench .demo .docs .examples .killed .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
