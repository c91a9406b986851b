# Needs make and a CPython of 3.11 to 3.13; everything else sets itself up (tools/setup). `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup start test test-corpus test-chaos fuzz quality verify-deploy start-from-local-code stop-from-local-code start-from-remote-images stop-from-remote-images upgrade-dev upgrade-prod diff-dev diff-prod bench-push bench-queue bench-rows bench-jobs bench-api bench-scaling samples docs clean
BIN := .venv/bin
ARGS ?=
# The tests of a file stay in one process, in order; the files come in the order of `testpaths`, not those with most
# tests first.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder
SECONDS ?= 120
COMPOSE ?= docker compose
HELM ?= helm
KUBECTL ?= kubectl
RELEASE ?= datasets-server

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-24s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Bring .venv up to date with poetry.lock (all the others do it first); PYTHON= chooses the Python
	@tools/setup/run

# exec: a signal to make, or to the process it started, is a signal to the supervisor.
start: setup ## Run Mongo, a local Hub with sample datasets, the workers and the api; settings: tools/stack/README.md
	@exec $(BIN)/python -m stack

test: setup ## Run every test, in two processes; ARGS= goes to pytest
	@exec $(BIN)/pytest $(PYTEST_ARGS) $(ARGS)

test-corpus: setup ## Run every dataset of the corpus, the slow and huge ones too; ARGS="-k bomb" chooses
	@CORPUS=all exec $(BIN)/pytest $(PYTEST_ARGS) services/worker/tests/corpus $(ARGS)

test-chaos: setup ## Make trouble at random for SECONDS=120 and see that everything holds; SEED= repeats it
	@exec $(BIN)/python -m chaos --seconds $(SECONDS) $(addprefix --seed ,$(SEED)) $(ARGS)

fuzz: setup ## Damage good files for SECONDS=120 until a reader goes wrong over one; SEED= repeats it
	@exec $(BIN)/python -m services.worker.tests.fuzz --seconds $(SECONDS) $(addprefix --seed ,$(SEED)) $(ARGS)

quality: setup ## Check style, types and the arrows between the packages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

verify-deploy: setup ## Check what is deployed, with the real programs (verify/README.md)
	@$(BIN)/python -m verify.prepare && exec $(BIN)/python -m pytest -o testpaths=verify $(ARGS)

.env:
	@deploy/make-env

start-from-local-code: .env ## Build the images and run them with docker compose, at port 8000 (deploy/README.md)
	@IMAGES=datasets-server TAG=local PORT=$${PORT:-8000} \
	VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) REVISION=$$(git rev-parse HEAD 2>/dev/null) \
	$(COMPOSE) --project-name datasets-server-local up --build --detach --wait $(ARGS)

stop-from-local-code: .env ## Stop that; ARGS=--volumes removes its data
	@COMPOSE_PROFILES='*' $(COMPOSE) --project-name datasets-server-local down $(ARGS)

# Beside the other one, all ports are others.
start-from-remote-images: .env ## Run the images that IMAGES and TAG in .env name, at port 8100
	@test -n "$$IMAGES" || grep -q '^IMAGES=.' .env || { echo "IMAGES is not set: say in .env where images come from" >&2; exit 1; }
	@PORT=$${PORT:-8100} HUB_PORT=$${HUB_PORT:-8101} ADMIN_PORT=$${ADMIN_PORT:-8102} PROMETHEUS_PORT=$${PROMETHEUS_PORT:-9190} GRAFANA_PORT=$${GRAFANA_PORT:-3100} \
	$(COMPOSE) --project-name datasets-server-remote up --no-build --pull always --detach --wait $(ARGS)

stop-from-remote-images: .env ## Stop that; ARGS=--volumes removes its data
	@COMPOSE_PROFILES='*' $(COMPOSE) --project-name datasets-server-remote down $(ARGS)

upgrade-dev: ## Install or upgrade the chart with chart/env/dev.yaml (chart/README.md); ARGS= goes to helm
upgrade-prod: ## The same with chart/env/prod.yaml
upgrade-dev upgrade-prod: upgrade-%:
	@exec $(HELM) upgrade --install $(RELEASE) chart --namespace $(or $(NAMESPACE),datasets-server-$*) --values chart/env/$*.yaml --wait --timeout 15m $(ARGS)

diff-dev: ## Show what upgrade-dev would change in the cluster
diff-prod: ## Show what upgrade-prod would change
# kubectl's 1 is a difference; and Helm's own fields are compared as Helm applies them.
diff-dev diff-prod: diff-%:
	@objects=$$($(HELM) template $(RELEASE) chart --no-hooks --namespace $(or $(NAMESPACE),datasets-server-$*) --values chart/env/$*.yaml $(ARGS)) || exit 2; \
	printf '%s\n' "$$objects" | $(KUBECTL) diff --namespace $(or $(NAMESPACE),datasets-server-$*) --server-side --force-conflicts --field-manager helm --filename -; \
	test $$? -le 1

bench-push: setup ## Measure the time from push to preview
	@exec $(BIN)/python -m bench push $(ARGS)

bench-queue: setup ## Measure claims beside their ceiling, add to claim, fairness; ARGS=--help lists the short forms
	@exec $(BIN)/python -m bench queue $(ARGS)

bench-rows: setup ## Measure what first rows cost of each kind of dataset, beside the datasets library
	@exec $(BIN)/python -m bench rows $(ARGS)

bench-jobs: setup ## Measure the jobs per minute of one worker, beside fresh processes
	@exec $(BIN)/python -m bench jobs $(ARGS)

bench-api: setup ## Measure requests a second and their latency, beside the same bytes from memory and bare reads
	@exec $(BIN)/python -m bench api $(ARGS)

bench-scaling: setup ## Measure datasets a minute with 1, 2 and 4 workers of each kind, and what a dataset costs
	@exec $(BIN)/python -m bench scaling $(ARGS)

samples: setup ## Build the generated content of samples/ again; it comes out the same each time
	$(BIN)/python samples/build.py

docs: setup ## Write the generated pages of docs/ and parts of chart/ again
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.chart

clean: ## Remove the environments and the tools' caches; the data in .data/ stay
	rm -rf .venv .venv-poetry .venv-verify .verify .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.data/*' -prune -exec rm -rf {} +
