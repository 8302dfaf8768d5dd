# `make demo` and `make test` need Python 3.11, 3.12 or 3.13 with its venv module, make and the network, nothing else: all
# they install goes into the folder .venv. `make test PYTHON=python3.12` takes another Python.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
# Processes that run tests: each takes file after file, in the order of tests/conftest.py, so that what the tests of a file
# share is made once.
# TensorFlow keeps memory that models had, up to 10 GB per process.
WORKERS ?= 2
PYTEST := $(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 15
# For the tests of samples/serving. By itself it would install `tensorflow` over `tensorflow-cpu`: see requirements.txt.
SERVING_API := "tensorflow-serving-api>=2.21,<3"
WHAT_TO_INSTALL := setup.py pyproject.toml requirements.txt

.PHONY: help demo test clean
help:
	@echo "make demo    train, evaluate, draw and export on generated pictures, in minutes on a CPU"
	@echo "make test    check the style and run the tests"
	@echo "make clean   remove $(VENV)"

demo: $(VENV)/demo-installed
	$(VENV)/bin/mrcnn demo

test: $(VENV)/test-installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTEST)

clean:
	rm -rf $(VENV)

# The empty files below say what has been installed; one that is older than what it was made from is made again.
$(VENV)/made:
	@echo "Making the virtual environment $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/demo-installed: $(VENV)/made $(WHAT_TO_INSTALL)
	@echo "Installing mrcnn_keras with TensorFlow into $(VENV), about 2 GB: a few minutes, the first time ..."
	@$(PIP) -r requirements.txt -e .
	@touch $@

$(VENV)/test-installed: $(VENV)/made $(WHAT_TO_INSTALL)
	@echo "Installing mrcnn_keras with TensorFlow and the test tools into $(VENV), about 2 GB: a few minutes, the first time ..."
	@$(PIP) -r requirements.txt -e ".[test]"
	@$(PIP) --no-deps $(SERVING_API)
	@touch $@
