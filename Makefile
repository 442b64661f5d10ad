# The commands that people run are the commands that CI runs.
PYTHON ?= python3
VENV := .venv
EXTRAS := .venv-extras
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint types slow browser external wheel extras ladder bench schema docs pictures vendor lock clean

demo: $(VENV)/.installed  ## six models of one family on one suite, and which can do what
	$(BIN)/evalkit run ladder --until verdict --model tiny/5k --model tiny/15k --model tiny/40k --model tiny/120k --model tiny/300k --model tiny/1m

# Three at a time on two cores: some wait for servers. Tests start many processes: where nobody may keep bytecode, each of them would compile everything anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.dev  ## the tests that run by default
	$(BIN)/python -m pytest -n 3 --dist worksteal -q

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/typos

types: $(VENV)/.dev
	$(BIN)/mypy

slow: $(VENV)/.dev  ## simulations, kill tests, and properties with all their examples, minutes
	$(BIN)/python -m pytest -n auto -q -m slow
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n auto -q -m "hypothesis and not slow and not browser and not external and not wheel"

browser: $(VENV)/.dev  ## pages in a real browser; needs Chromium
	$(BIN)/python -m pytest -n auto -q -m browser

external: $(VENV)/.dev  ## third-party data; EVALKIT_EXTERNAL_DATA names its folder
	$(BIN)/python -m pytest -q -m external

wheel: $(VENV)/.dev  ## build the wheel and try it away from the source tree
	$(BIN)/python -m pytest -q -m wheel

extras: $(EXTRAS)/.installed  ## the libraries that are providers, and a real server; minutes and gigabytes the first time
	$(EXTRAS)/bin/python -m pytest -q -m extras tests/extras

ladder: $(EXTRAS)/.installed  ## train the models in the box anew, hours; may be stopped and started again
	$(EXTRAS)/bin/python -m training
	$(EXTRAS)/bin/python -m training.document

bench: $(VENV)/.dev  ## what things take, as ratios; half an hour
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/transport.py
	$(BIN)/python benchmarks/verdicts.py
	$(BIN)/python benchmarks/tiny_models.py
	$(BIN)/python benchmarks/scaling_law.py
	$(BIN)/python benchmarks/report.py

schema: $(VENV)/.installed
	$(BIN)/evalkit schema > suites/suite.schema.json

docs: $(VENV)/.dev  ## renew the generated pages
	$(BIN)/python docs/generate.py

pictures: $(VENV)/.dev  ## draw the pictures of README and docs anew; needs Chromium
	$(BIN)/python docs/pictures.py

vendor:  ## fetch and wrap the pinned JavaScript libraries of reports anew; needs npm
	reports/vendor/renew.sh

lock: $(VENV)/.dev  ## renew the pinned versions
	$(BIN)/uv lock --quiet --upgrade
	$(BIN)/uv export $(EXPORT) --no-default-groups -o requirements/run.txt
	$(BIN)/uv export $(EXPORT) --all-extras --no-extra litellm --no-extra transformers --all-groups -o requirements/dev.txt

EXPORT := --quiet --format requirements.txt --no-emit-project --no-annotate --no-header

$(VENV)/.installed: pyproject.toml requirements/run.txt
	$(PYTHON) -c 'import sys; sys.exit("evalkit needs Python 3.11 or later") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements/run.txt
	$(PIP) --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed requirements/dev.txt
	$(PIP) --require-hashes --requirement requirements/dev.txt
	touch $@

$(EXTRAS)/.installed: pyproject.toml requirements/extras.txt
	$(PYTHON) -m venv $(EXTRAS)
	$(EXTRAS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/extras.txt
	touch $@

clean:
	rm -rf $(VENV) $(EXTRAS) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
