# Two commands do everything on a fresh Debian 12 with Python 3.11:
#   make demo   the whole story, from the alert to the post-mortem, then the console
#   make test   every check but those that need a Spark cluster (make test-cluster)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK := $(VENV)/.installed-spark
# Kept wherever this runs: the tests start hundreds of processes, and each would compile what it imports anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-sqlite test-postgres test-cluster setup setup-cluster test-packages lint format lock clean

demo: setup
	$(BIN)/hikeshi demo $(ARGS)

test: lint test-sqlite test-postgres

# A file of tests is run by one worker, so that what its tests share is made once, and the longest come first (tests/conftest.py). Each run has its temporary folder: pytest closes
# the one that is shared by all whenever it starts, also to tests of another run that opened it to somebody else.
# One worker more than there are cores: a test waits a fifth of its time, for processes and servers it started.
WORKERS := $(shell echo $$(($$(nproc) + 1)))
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-sqlite: setup test-packages
	$(PYTEST) -m "not cluster" $(ARGS)

test-postgres: setup test-packages
	$(BIN)/python tests/on_postgres.py $(PYTEST) --basetemp=$(VENV)/tmp-postgres -m "not slow" chosen

# A real Spark master with workers: a minute or two more, and 480 MB of PySpark.
test-cluster: setup-cluster
	$(BIN)/pytest --basetemp=$(VENV)/tmp-cluster -m cluster tests/stores tests/doors/cli $(ARGS)

setup: $(STAMP)

# What it needs of Debian is installed when we are root, and named when we are not.
$(STAMP): requirements.lock pyproject.toml deploy/debian-packages
	@deploy/debian-packages demo
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# PySpark is 480 MB and only the cluster needs it: not in the demo, added to what is there for the tests.
$(SPARK): $(STAMP) requirements-spark.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-spark.lock
	@touch $@

# Every parser under a coverage-guided fuzzer, a minute each: make fuzz ARGS="cloudtrail evtx --seconds 600".
.PHONY: fuzz
fuzz: setup
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-fuzz.lock
	$(BIN)/python tests/fuzz/parsers.py $(ARGS)

# Before anything runs at the same time: nothing is added to the packages that other tests are importing.
setup-cluster: setup test-packages $(SPARK)

test-packages: setup
	@deploy/debian-packages test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	HIKESHI_HOME=$(VENV)/home $(BIN)/python -m django makemigrations --check --dry-run --settings hikeshi.settings

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --extra drill --extra hsm --extra postgres --extra speed --extra dev --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --extra spark --constraint requirements.lock --custom-compile-command "make lock" --output-file requirements-spark.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --extra fuzz --constraint requirements.lock --custom-compile-command "make lock" --output-file requirements-fuzz.lock pyproject.toml

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache

# What the tests cannot check of deploy/: Terraform, where it is there. TF_PLUGINS names a folder of providers, where nothing may be fetched.
.PHONY: deploy-check
deploy-check:
	terraform -chdir=deploy/terraform fmt -check -recursive
	terraform -chdir=deploy/terraform init -input=false $(if $(TF_PLUGINS),-plugin-dir=$(TF_PLUGINS))
	terraform -chdir=deploy/terraform validate
