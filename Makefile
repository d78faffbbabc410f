# Everything that is done with this repository by hand.  `make` alone lists it.

SHELL := /bin/sh
PY := .venv/bin/python
GENERATED := docs/reference
BUNDLE := src/hanza/web/page
DEBIAN := .cache/debian
ARGS :=
MINUTES := 10
SEED :=

.DEFAULT_GOAL := help
.PHONY: help setup engines demo demo-down demo-status test test-fast fuzz chaos conformance test-real test-engines test-browser \
	test-debian test-bare image-debian bench-join bench-boot bench-latency bench-link bench-quota bench-api \
	bench-placement bench-whole \
	check docs generated \
	web check-web node openid pictures lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## the Python environment in .venv (instant when it is there)
	@scripts/setup.sh

engines: setup
	@$(PY) -m hanza.boot.demo.packages postgresql libfaketime

demo: ## six sites of six providers on this machine, with real guests (as root)
	@scripts/need-root.sh "make demo"
	@scripts/setup.sh
	@$(PY) -m hanza.boot.main demo up $(ARGS)

demo-down: ## end the demo; keeps a cache for the next time (ARGS=--purge: nothing)
	@scripts/need-root.sh "make demo-down"
	@scripts/setup.sh
	@$(PY) -m hanza.boot.main demo down $(ARGS)

demo-status: setup
	@$(PY) -m hanza.boot.main demo status

test: test-fast conformance test-real ## every test, with real browsers and engines (as root)

# Columns compiled first; then all of it plain, since coverage sees no machine code, only its door.
test-fast: engines openid ## all but the real engines
	$(PY) -m pytest -q -n 2 tests/property/test_fleet.py tests/property/test_batch.py tests/unit/plan/test_compiler.py \
		--cov=hanza.plan.placement.compiler --cov-branch --cov-report=
	NUMBA_DISABLE_JIT=1 $(PY) -m pytest -q -n 2 --dist worksteal tests/unit tests/property --cov=hanza.model --cov=hanza.plan \
		--cov-branch --cov-append --cov-report=term-missing:skip-covered --cov-fail-under=100
	$(PY) -m pytest -q -n 2 --dist worksteal tests/house tests/contract tests/system
	$(PY) -m pytest -q -n 2 --dist loadfile tests/fuzz

fuzz: setup ## ask every operation of a real plane what its document allows and what it does not; MINUTES=10
	PYTHONPATH=tests $(PY) -m kit.fuzzing $(MINUTES)

chaos: engines ## hurt a league of real processes and look whether the laws hold; MINUTES=10 SEED= (as root)
	@scripts/need-root.sh "make chaos"
	@PYTHONPATH=tests $(PY) -m chaos $(MINUTES) $(SEED)

conformance: engines ## the standard's rules, asked of real planes on both databases, under both policies
	$(PY) -m pytest -q -n 2 --dist loadfile --durations=3 tests/conformance

# A file at a time on each processor; libvirt's sockets want short paths.
test-real: engines
	@scripts/need-root.sh "make test"
	@$(PY) -m hanza.boot.demo.packages chromium fonts-dejavu-core
	folder=$$(mktemp -d /tmp/hzt.XXXX) && trap 'rm -rf "$$folder"' EXIT && \
		$(PY) -m pytest -q -n 2 --dist loadfile --durations=10 --basetemp="$$folder/t" tests/browser tests/engines

test-engines: engines ## real namespaces, libvirtds and guests
	@scripts/need-root.sh "make test-engines"
	$(PY) -m pytest -q --durations=10 tests/engines

test-browser: setup ## the page in Debian's Chromium, beside real cables and guests (as root)
	@scripts/need-root.sh "make test-browser"
	@$(PY) -m hanza.boot.demo.packages chromium fonts-dejavu-core
	$(PY) -m pytest -q tests/browser

image-debian: setup ## a real Debian 12 with cloud-init, in .cache/debian (minutes; as root)
	@scripts/need-root.sh "make image-debian"
	@$(PY) -m hanza.boot.demo.packages mmdebstrap grub-common grub-pc-bin
	@$(PY) -m hanza.boot.debian_image $(DEBIAN)/made $(DEBIAN)

test-debian: engines image-debian ## the real Debian boots as it was told (as root)
	$(PY) -m pytest -q --durations=3 tests/debian

test-bare: ## the two commands in a bare Debian 12 made for it (as root); ARGS=--full: all tests
	@scripts/test-bare.sh $(ARGS)

bench-boot: engines ## apply to user space against virsh start; JSON lines, fails over 1.3 x (as root)
	@scripts/need-root.sh "make bench-boot"
	@PYTHONPATH=tests $(PY) bench/boot.py $(ARGS)

bench-join: engines ## a chain joins, and a libvirt site until its first guest is up; fails over 60 s (as root)
	@scripts/need-root.sh "make bench-join"
	@PYTHONPATH=tests $(PY) bench/join.py

bench-api: setup ## what the API does per second of processor time, and how long it takes; JSON lines
	@PYTHONPATH=tests $(PY) -m bench.api $(ARGS)

bench-latency: setup ## from the API's answer to the order at the driver, six sites; JSON lines
	@PYTHONPATH=tests $(PY) -m bench.latency $(ARGS)

bench-link: setup ## idle traffic, thousands of agents, a restart (an hour; ARGS="--idle-minutes 5"; as root)
	@scripts/need-root.sh "make bench-link"
	@PYTHONPATH=tests $(PY) -m bench.link $(ARGS)

bench-quota: setup ## what quotas cost who admits, two planes on one PostgreSQL; JSON lines
	@PYTHONPATH=tests $(PY) -m bench.quota $(ARGS)

# What is asked of whole planes and of the solver has modules of its own, told in one run.
bench-placement: setup ## decisions, holds and whole instances per second, memory, the curve; JSON lines
	@PYTHONPATH=tests $(PY) -m bench.placement $(ARGS); code=$$?; $(MAKE) -s bench-whole && exit $$code

bench-whole: setup ## a thousand instances by the whole way, real processes; JSON lines (part of bench-placement)
	@PYTHONPATH=tests $(PY) -m bench.whole $(ARGS)

pictures: ## make the pictures of docs/ anew, by the tests of the page (as root)
	HANZA_PICTURES=$(CURDIR)/docs/pictures $(MAKE) test-browser

check: setup generated check-web docs ## format, lint, types, import contracts, generated files, links
	.venv/bin/ruff format --check src tests bench scripts
	.venv/bin/ruff check src tests bench scripts
	.venv/bin/mypy
	.venv/bin/lint-imports

docs: setup ## the documentation's site in .cache/site; fails on a link or anchor that leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

generated: setup ## write the generated files anew; fails when that changed anything
	@if [ -f src/hanza/boot/generate.py ]; then $(PY) -m hanza.boot.generate; fi
	@git diff --exit-code -- $(GENERATED)

web: node ## build the page into the package
	cd web && npx vite build --logLevel warn

check-web: node ## lint and types of the page; fails when the bundle is not what they build
	cd web && npm run --silent check && npx vite build --logLevel warn
	@git diff --exit-code --stat -- $(BUNDLE) && test -z "$$(git ls-files --others $(BUNDLE))" \
		|| { echo "the bundle is not what web/ builds: make web, and commit it"; exit 1; }

node: # what the page is built with, once per lock file
	@command -v npm >/dev/null || { echo "the page is built with Node 20 or later and npm"; exit 1; }
	@cmp -s web/package-lock.json web/node_modules/.locked \
		|| { cd web && npm ci --no-audit --no-fund && cp package-lock.json node_modules/.locked; }

openid: setup # the OpenID provider that logins are tried with, once per lock file
	@command -v npm >/dev/null || $(PY) -m hanza.boot.demo.packages nodejs npm
	@cmp -s tests/openid/package-lock.json tests/openid/node_modules/.locked \
		|| { cd tests/openid && npm ci --no-audit --no-fund && cp package-lock.json node_modules/.locked; }

lock: ## resolve the dependencies anew, with hashes, into requirements/dev.lock
	@scripts/lock.sh

clean: ## remove what was built here; the demo's cache is removed by: hanza demo down --purge
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build dist web/node_modules tests/openid/node_modules .coverage* src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
