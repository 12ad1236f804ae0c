# Rostrum. Two commands for a newcomer: `make run` and `make test`. Both install what is missing first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One worker for each core; one that has nothing left takes half of what waits at another.
PARALLEL := -n auto --dist worksteal
QUICK := tests/guards tests/courses tests/core/test_api.py tests/core/test_policy.py tests/core/test_jobs.py tests/enrollment/test_enrolling.py tests/certificates/test_issuing.py tests/roster/test_evidence.py
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/messages.po))

export FLASK_APP := app

.PHONY: docs pictures help setup setup-dev run serve test test-all test-quick coverage bench lint lock \
	translations clean

help:
	@echo "make run      install what is needed, migrate and serve on http://127.0.0.1:8000"
	@echo "make test     install what is needed and run the test suite"
	@echo "make test-all the same, with the attacks, faults and full matrices that take minutes"
	@echo "make test-quick   the guards and a cross-section on SQLite, without a browser"
	@echo "make coverage     the suite, slower, which lines no test reaches, and whether they are too many"
	@echo "make bench    run the benchmarks and print their table"
	@echo "make serve    production serving: several web processes and a worker (see docs/how-to/deploy.md)"
	@echo "make lint     ruff, mypy and the import contracts"
	@echo "make docs     write the generated pages of the documentation"

setup: $(VENV)/ready $(CATALOGUES)
	@sh scripts/system-packages.sh run

setup-dev: $(VENV)/ready-dev $(CATALOGUES)
	@sh scripts/system-packages.sh run test

$(BIN)/python:
	@sh scripts/make-venv.sh "$(PYTHON)" "$(VENV)"

$(VENV)/ready: requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/ready-dev: requirements-dev.txt $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

%.mo: %.po | $(VENV)/ready
	@$(BIN)/pybabel --quiet compile -i $< -o $@

run: setup
	@$(BIN)/python app.py --first-start --workers 1

serve: setup
	@$(BIN)/python app.py

test: setup-dev
	$(BIN)/python -m pytest $(PARALLEL)

test-all: setup-dev
	$(BIN)/python -m pytest $(PARALLEL) -m "" --hypothesis-profile=all

test-quick: setup-dev
	$(BIN)/python -m pytest $(PARALLEL) -m "not long and not alone" -k "not postgresql" --hypothesis-profile=quick $(QUICK)

coverage: setup-dev
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term:skip-covered

bench: setup-dev
	$(BIN)/python -m tests.load.bench

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

# After a change of requirements*.in: exact versions and hashes, without any address in the files.
lock: setup-dev
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.txt requirements.in
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements-dev.txt requirements-dev.in

# After a change of texts: extract them and bring the complete catalogues up to date (then translate
# what is new). A partial one holds only what is translated.
translations: setup-dev
	$(BIN)/pybabel --quiet extract -F translations/babel.cfg -k _l -k lazy_gettext -k lazy_pgettext:1c,2 -k _p:1c,2 --no-location --sort-output --project Rostrum -o translations/messages.pot .
	$(BIN)/pybabel --quiet update -i translations/messages.pot -d translations -l fr --no-fuzzy-matching --ignore-pot-creation-date --width=120
	@$(MAKE) $(CATALOGUES)

docs: setup
	$(BIN)/python -m scripts.write_docs

# After a change of pages: the pictures of the tutorial, taken on its own walk.
pictures: setup-dev
	$(BIN)/python -m scripts.take_pictures

clean:
	rm -rf $(VENV) build
