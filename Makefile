# One-command set-up for people and for CI. `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types lint-workflows contracts build container-tools browser image test-act test-image clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "apo-ci needs Python 3.11 or newer; set PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq python3-venv; \
	  else echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 2; fi; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[local,dev]"
	@touch $@

setup: $(READY) ## create .venv with everything that is needed

demo: $(READY) ## run the main job on the embedded model: a worse prompt, the gate, a better prompt
	$(BIN)/apo-ci demo

test: $(READY) ## run the tests, but for those that need act or the image
	$(BIN)/python -m pytest -m "not act and not image"

lint: $(READY) ## check format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## check types
	$(BIN)/mypy

WORKFLOWS := $(wildcard .github/workflows/*.yml examples/workflows/*.yml)
SCRIPTS   := $(wildcard .ci/run .github/release/*.sh composite/*.sh tests/e2e/*.sh)

lint-workflows: $(READY) ## check the action, the workflows, the Dockerfile and the scripts (no network)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml composite/action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/zizmor --offline --quiet --persona auditor . $(WORKFLOWS)
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck $(WORKFLOWS)
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck $(SCRIPTS)

CONTRACTS := tests/github/node_modules/.package-lock.json

$(CONTRACTS): tests/github/package-lock.json
	npm ci --prefix tests/github --ignore-scripts --no-audit --no-fund --silent
	@touch $@

contracts: $(CONTRACTS) ## install GitHub's published API descriptions, which the tests hold requests against (npm)

build: $(READY) ## build the wheel and the source distribution into dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

IMAGE ?= localhost/apo-ci:test
CONTAINER_TOOLS := buildah podman crun runc mmdebstrap fuse-overlayfs uidmap slirp4netns netavark aardvark-dns

container-tools: ## install what building and running the image takes (Debian or Ubuntu, as root)
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends $(CONTAINER_TOOLS) >/dev/null

browser: ## install what looking at comments in a browser takes (Debian or Ubuntu, as root)
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends chromium fonts-noto-core fonts-noto-color-emoji >/dev/null

image: ## build the action's image with buildah (as root)
	bash tests/e2e/build_image.sh $(IMAGE)

test-act: $(READY) ## run the composite action and the workflow templates under act
	APO_CI_REQUIRE_ACT=1 $(BIN)/python -m pytest -m "act and not image"

test-image: $(READY) image ## build the image, test it, and run the Docker action under act
	APO_CI_IMAGE=$(IMAGE) $(BIN)/python -m pytest -m image

check: lint lint-workflows types test ## everything that must be green before a commit

clean: ## remove what the targets made
	rm -rf $(VENV) tests/github/node_modules dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .apo-ci
