# Four commands do all of their own set-up:
#   make run    the gateway with the example application
#   make test   everything that can be tested here
#   make floods   what hostile clients cost everybody else
#   make fuzz   random inputs for all that reads what clients send, for two minutes
# And one needs a Python 2.7 or Docker besides:
#   make conformance   the official Autobahn Testsuite against the gateway's protocol

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-benchmark
CONFORMANCE := .venv-conformance
FUZZ := .venv-fuzz
SETUP := setup.cfg pyproject.toml setup.py
LISTEN ?= tcp:8080:interface=127.0.0.1

.PHONY: run test lint types docs wheel benchmark benchmark-full conformance floods fuzz clean

run: $(VENV)/.examples
	$(BIN)/aiorest-gw serve --app examples.todo.app:make_factory --listen $(LISTEN)

# Pass TESTS=tests.routing to run a part: in one process, whose output is seen, and without the measure
# of coverage. Of all of them JOBS run at once, whose output is in _trial_temp/*/out.log; many wait for
# processes that they start, so there are more than cores.
TESTS ?= tests
JOBS ?= 3
test: export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.hypothesis
test: $(VENV)/.test tests/browser/node_modules/.installed
	$(BIN)/coverage erase
	$(BIN)/coverage run -m twisted.trial $(if $(filter tests,$(TESTS)),--jobs $(JOBS)) $(TESTS)
	@if [ "$(TESTS)" = tests ]; then $(BIN)/coverage combine -q && $(BIN)/coverage report; fi

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

docs: $(VENV)/.dev
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist . >dist.log 2>&1 || (cat dist.log; exit 1)
	@rm -f dist.log
	PYTHON=$(PYTHON) .ci/check-wheel dist/*.whl

# A few minutes, and what it found as a picture; the long one measures everything, and its picture is
# the documentation's.
SHORT := --workloads small,typed,piped,single --seconds 0.5 --rounds 3
benchmark: $(PEERS)/bin/load
	$(PEERS)/bin/python -m benchmarks.routes
	@mkdir -p build
	$(PEERS)/bin/python -m benchmarks.requests $(SHORT) --svg build/benchmark.svg

benchmark-full: $(PEERS)/bin/load
	$(PEERS)/bin/python -m benchmarks.routes
	$(PEERS)/bin/python -m benchmarks.requests --seconds 2 --rounds 5 --svg docs/_static/benchmark.svg

# Pass CASES=core for the ten seconds of it that are run on every change.
CASES ?= all
conformance: $(VENV)/.test $(CONFORMANCE)/.wstest
	$(BIN)/python -m tests.conformance $(CONFORMANCE)/wstest $(CASES)

# Pass FLOODS="pings slowloris --reactor epoll" to run a part, or on another reactor.
floods: $(VENV)/.dev
	$(BIN)/python -m benchmarks.floods $(FLOODS)

# What is found is kept in fuzz/corpus, and how to run a crash again is told.
MINUTES ?= 2
fuzz: $(FUZZ)/.installed
	$(FUZZ)/bin/python -m fuzz --minutes $(MINUTES)

clean:
	rm -rf tests/browser/node_modules $(VENV) $(PEERS) $(CONFORMANCE) $(FUZZ) fuzz/crashes build dist docs/_build _trial_temp* .coverage* *.egg-info

$(BIN)/python $(PEERS)/bin/python $(FUZZ)/bin/python: %/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  (echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..."; exit 1)
	$(PYTHON) -m venv $*

# A stamp for each set of dependencies that has been installed.
$(VENV)/.%: $(SETUP) | $(BIN)/python
	@echo "installing what '$*' needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# The servers of the benchmarks have an environment of their own; one that cannot be installed is skipped.
REQUIREMENTS := benchmarks/requirements.txt
$(PEERS)/.installed: $(REQUIREMENTS) $(SETUP) | $(PEERS)/bin/python
	@echo "installing the servers that are compared into $(PEERS) ..."
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	@for peer in $$(grep -v '^#' $(REQUIREMENTS)); do \
	  $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" \
	    || echo "$$peer cannot be installed"; \
	done
	@touch $@

# Without npm the tests that need these are skipped.
tests/browser/node_modules/.installed: tests/browser/package-lock.json
	@if command -v npm >/dev/null; then cd $(@D)/.. && npm ci --silent --no-audit --no-fund; fi
	@mkdir -p $(@D) && touch $@

$(FUZZ)/.installed: fuzz/requirements.txt $(SETUP) | $(FUZZ)/bin/python
	@echo "installing what fuzzes into $(FUZZ) ..."
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  --requirement $< 2>$@.log || (echo "atheris, which fuzzes, has no wheel for this machine and Python; \
	pip said: $$(grep -m 1 ERROR $@.log)"; exit 1)
	@touch $@

$(PEERS)/bin/load: benchmarks/load.c $(PEERS)/.installed
	$(CC) -O2 -Wall -Wextra -o $@ $<

$(CONFORMANCE)/.wstest: .ci/autobahn-testsuite
	@PYTHON=$(PYTHON) PYTHON27=$(PYTHON27) .ci/autobahn-testsuite install $(CONFORMANCE)
	@touch $@
