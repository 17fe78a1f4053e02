# `make demo` and `make test` set up all they need. PYTHON names the interpreter for the environment.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo run test test-faults test-monitoring check setup lock clean test-containers fuzz audit

demo: setup  ## everything on this machine, with a chat page in place of Telegram
	@exec $(BIN)/python -m sandbox

run: setup  ## the real Telegram and Replicate, with the settings in .env
	@exec $(BIN)/python -m sandbox --run

test: check  ## the checks and all tests
	$(BIN)/python -m pytest

test-faults: setup  ## processes, Redis, Telegram and the provider fail
	$(BIN)/python -m pytest -m faults tests/faults

test-monitoring: setup  ## a real Prometheus and Alertmanager: rules, alerts, who is told, dashboards
	$(BIN)/python -m pytest -m "not faults" tests/alerting tests/dashboards tests/integration/test_exporter.py

test-containers: setup  ## the Compose services on this machine's container engine
	$(BIN)/python -m pytest -m containers tests/containers

fuzz: setup  ## 100,100 malformed bodies, headers and paths at the bot's door
	FUZZ_EXAMPLES=14300 $(BIN)/python -m pytest -o timeout=0 tests/integration/test_webhook_fuzz.py

audit: setup  ## known vulnerabilities in what is pinned, and secrets in the repository
	$(BIN)/python -m deploy.audit

check: setup  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

setup: .venv/ready  ## the environment alone

.venv/ready: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Darkroom needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	@touch $@

lock: setup  ## compile the pinned requirements anew
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.txt requirements.in
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements-extras.txt requirements-extras.in
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements-dev.txt requirements-dev.in

clean:  ## remove the environment and the local data
	rm -rf .venv data
