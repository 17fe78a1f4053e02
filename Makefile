# `make demo` and `make test` set up all they need. PYTHON names the interpreter for the environment.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP_COMPILE := $(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

# The long suites share costly stages, and come in the order of their files: so each run takes the same time.
LONG := $(BIN)/python -m pytest -p no:randomly

.PHONY: demo run test test-all test-long test-faults test-monitoring test-containers check setup lock clean fuzz audit sbom

demo: .venv/demo-ready  ## everything on this machine, with a chat page in place of Telegram
	@exec $(BIN)/python -m sandbox

run: .venv/demo-ready  ## the real Telegram and Replicate, with the settings in .env
	@exec $(BIN)/python -m sandbox --run

test: check  ## the checks, and the tests that tell whether Darkroom works, in parallel and in random order
	$(BIN)/python -m pytest -n auto

test-all: test test-containers test-monitoring test-faults test-long  ## those, and all that take long or need more

test-long: setup  ## the benchmarks' short forms and the chat page in Chromium
	$(LONG) -m long

test-faults: setup  ## processes, Redis, Telegram and the provider fail
	$(LONG) -m faults tests/faults

test-monitoring: setup  ## a real Prometheus and Alertmanager: rules, alerts, who is told, dashboards
	$(LONG) -m "not faults" tests/alerting tests/dashboards tests/monitoring/test_exporter.py

test-containers: setup  ## the Compose services on this machine's container engine
	$(LONG) -m containers tests/containers

fuzz: setup  ## malformed bodies, updates, answers of providers and messages of the broker
	FUZZ_EXAMPLES=14300 $(BIN)/python -m pytest -o timeout=0 tests/inbound/test_webhook_fuzz.py
	FUZZ_UPDATES=20000 $(BIN)/python -m pytest -o timeout=0 tests/inbound/test_update_fuzz.py
	FUZZ_EXAMPLES=3400 $(BIN)/python -m pytest -o timeout=0 tests/providers/test_answers_fuzz.py tests/tasks/test_broker_content.py

audit: setup  ## known vulnerabilities in what is pinned, and secrets in the repository
	$(BIN)/python -m deploy.audit

sbom: setup  ## what an installation is made of: sbom.json, in the form of CycloneDX
	$(BIN)/python -m deploy.sbom > sbom.json

check: setup  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

setup: .venv/dev-ready  ## the whole environment, with what tests and checks need

.venv/demo-ready: requirements-demo.txt
	@$(PYTHON) sandbox/install.py demo
	@touch $@

.venv/dev-ready: requirements-dev.txt
	@$(PYTHON) sandbox/install.py dev
	@touch .venv/demo-ready $@

lock: setup  ## compile the pinned requirements anew
	for part in requirements requirements-extras requirements-demo requirements-dev; do \
		$(PIP_COMPILE) -o $$part.txt $$part.in || exit 1; \
	done

clean:  ## remove the environment and the local data
	rm -rf .venv data
