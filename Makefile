# Every way to build, test and run secd; `make` lists them. Swift 6.3 in PATH is the one thing to bring.

# One configuration for building, testing and running, so that a fresh clone compiles once.
# For an edit loop: make test-native CONFIG=debug
CONFIG ?= release
SWIFT  ?= swift

PREFIX  ?= /usr/local
DESTDIR ?=
# Units are searched below /etc, /usr and /usr/local, not below any PREFIX.
UNITDIR ?= $(PREFIX)/lib/systemd/system

export CONFIG
BIN = $$($(SWIFT) build -c $(CONFIG) --show-bin-path)

.DEFAULT_GOAL := help
.PHONY: help packages build build-tests run demo test test-native test-vm check format bench install clean
# Two builds at once cost more than twice one.
.NOTPARALLEL:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

packages: ## install the Debian packages that building needs
	@scripts/packages.sh build

build: packages ## compile secd, secctl and secbench
	$(SWIFT) build -c $(CONFIG)

build-tests: packages
	$(SWIFT) build -c $(CONFIG) --build-tests
	@echo "=== built at $$(date +%T)"

run: build ## run secd in a private folder and show events live, until Ctrl-C (root)
	@scripts/agent.sh run "$(BIN)"

demo: build ## the same for 10 seconds, into ./demo-events.json (root)
	@scripts/agent.sh demo "$(BIN)"

test: build-tests ## all tests: this kernel, then stock Debian 6.1 and 6.12 under emulation
	@scripts/packages.sh test
	@scripts/test.sh native vm

test-native: build-tests ## all tests on this kernel
	@scripts/packages.sh test
	@scripts/test.sh native

test-vm: build-tests ## kernel tests on the stock kernels
	@scripts/packages.sh test
	@scripts/test.sh vm

check: ## formatters, linters and conventions
	@scripts/packages.sh check
	@scripts/check.sh

format: ## rewrite Swift sources as check wants them
	@scripts/format.sh

bench: build ## measure and write bench/results.json (root)
	@scripts/prepare-machine.sh
	@mkdir -p bench
	"$(BIN)/secbench" --output bench/results.json

install: build ## into DESTDIR/PREFIX, with the Swift runtime, unit and configuration
	@scripts/install.sh "$(BIN)" "$(DESTDIR)" "$(PREFIX)" "$(UNITDIR)"

clean: ## remove what was built; the kernels of the vm tier stay in .cache
	rm -rf .build demo-events.json
