# Two commands do all of their own set-up in .venv:
#   make run    the gateway with the example application
#   make test   everything that can be tested here

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := setup.cfg pyproject.toml setup.py
LISTEN ?= tcp:8080:interface=127.0.0.1

.PHONY: run test lint types docs wheel benchmark clean

run: $(VENV)/.examples
	$(BIN)/aiorest-gw serve --app examples.todo.app:make_factory --listen $(LISTEN)

# Pass TESTS=tests.routing to run a part, without the measure of coverage.
TESTS ?= tests
test: $(VENV)/.test
	$(BIN)/coverage erase
	$(BIN)/coverage run -m twisted.trial $(TESTS)
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

benchmark: $(VENV)/.test
	$(BIN)/python -m benchmarks.routes
	$(BIN)/python -m benchmarks.requests

clean:
	rm -rf $(VENV) build dist docs/_build _trial_temp* .coverage* *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  (echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..."; exit 1)
	$(PYTHON) -m venv $(VENV)

# A stamp for each set of dependencies that has been installed.
$(VENV)/.%: $(SETUP) | $(BIN)/python
	@echo "installing what '$*' needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
