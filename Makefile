# One command for each chore. Everything goes into .venv and can be run again at any time.
.PHONY: demo test ci endurance lint format readme system requirements clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# setuptools warns at length about editable installs that have a folder of another name
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt

demo: $(VENV)/installed  ## install, then watch the demo (without a screen: write it to recordings/)
	$(BIN)/emolive demo

test: $(VENV)/installed-test system  ## install the tests' needs, then run the tests
	$(BIN)/python -m pytest

ci: $(VENV)/installed-test system  ## the dear tests: network namespaces, Ray, cameras, Chromium, fuzzing, training
	$(BIN)/python -m pytest -m "ci and not endurance"

endurance: $(VENV)/installed-test system  ## soak and fault tests in full; they write the table in docs/RELIABILITY.md
	$(BIN)/python -m pytest -m endurance

lint: $(VENV)/installed-dev  ## style, and types (mypy strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

readme: $(VENV)/installed-test system  ## the README's table of keys and its pictures, and docs/OPTIONS.md
	$(BIN)/python docs/refresh.py

system:  ## X server and libraries that the window tests need
	sh tests/system_packages.sh

requirements: $(VENV)/installed-dev  ## write down the exact versions that the suite passed with
	$(BIN)/python -m pip list --format=freeze --exclude-editable --exclude emolive \
	  --exclude pip --exclude setuptools --exclude wheel | sed 's/+cpu$$//' > requirements.txt

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(VENV)/installed: $(BIN)/python setup.cfg pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/installed-test: $(BIN)/python setup.cfg pyproject.toml constraints.txt
	$(PIP) -e '.[test]'
	touch $@ $(VENV)/installed

$(VENV)/installed-dev: $(BIN)/python setup.cfg pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/installed $(VENV)/installed-test
