# make demo: real detections in one command.  make test: the whole test suite.
PYTHON ?= python3
WORKERS ?= 2
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check docs install wheel clean

demo: install
	$(BIN)/splitdet demo

test: install
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check setup.py run_*.py lib tests benchmarks docs/scripts
	$(BIN)/mypy

docs: install
	$(BIN)/python docs/scripts/pages.py
	$(BIN)/mkdocs build --strict

install: $(VENV)/installed

$(VENV)/installed: setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

wheel: install
	SPLITDET_OPENCV=headless $(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist site
