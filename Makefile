# `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

K6_VERSION := $(shell awk '$$1 == "go.k6.io/k6/v2" { print $$2 }' go.mod)
TOOL := go tool -modfile=tools/go.mod
# What goes into the binary. Folders stand for the files that come and go in them.
SOURCES := go.mod go.sum k6suite.go $(shell find extension config -type d -o -type f ! -name '*_test.go')
# What xk6 can check without a network and with this k6. Not: security and vulnerability (gosec runs in golangci-lint; govulncheck
# needs its database), versions (release tags), codeowners, and smoke, which passes `k6 run` a flag that k6 2 does not have.
XK6_CHECKS := module,replace,readme,license,git,build,types,examples
TSC := tools/typescript/node_modules/.package-lock.json

# Where kafka-up runs Apache Kafka, and which.
NODES ?= 1
VERSION ?= 4.4.0

.PHONY: help build run test prove bench lint kafka-up kafka-down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: k6 ## build ./k6, if a source has changed

# The versions of the libraries are those of go.mod; that xk6 cannot look up the latest k6 where there is no network is harmless.
k6: $(SOURCES) tools/go.mod
	$(TOOL) xk6 build $(K6_VERSION) --with k6suite=. --output k6

run: build ## build, then judge the embedded target with the scripts of the PR stage
	./k6 x suite run --stage pr

test: ## run the Go tests with the race detector
	go test -race ./...

prove: build ## prove that each rule fires on its lie and on no healthy run
	./k6 x suite prove

bench: ## run the benchmarks of the packages
	go test -run '^$$' -bench . -benchmem ./...

lint: $(TSC) ## check Go, shell, workflows and scripts without running them
	go vet ./...
	$(TOOL) golangci-lint run
	@unformatted=$$($(TOOL) gofumpt -l k6suite.go extension config scripts); \
	if [[ -n $$unformatted ]]; then printf 'not formatted (gofumpt -l -w):\n%s\n' "$$unformatted"; exit 1; fi
	$(TOOL) actionlint
	@command -v shellcheck >/dev/null || { echo "shellcheck is not installed: install it (Debian: apt-get install shellcheck)"; exit 1; }
	shellcheck --external-sources .ci/run scripts/kafka-up scripts/kafka-down scripts/kafka-common scripts/kcat-check
	cd tools/typescript && npx --no-install tsc --project .
	$(TOOL) xk6 lint --k6-version $(K6_VERSION) --enable-only $(XK6_CHECKS)

$(TSC): tools/typescript/package.json tools/typescript/package-lock.json
	npm ci --prefix tools/typescript
	@touch $@

kafka-up: ## start Apache Kafka on loopback: NODES=1 VERSION=4.4.0 (KAFKA_PORT=9092)
	@KAFKA_NODES=$(NODES) KAFKA_VERSION=$(VERSION) scripts/kafka-up

kafka-down: ## stop it, and remove its data
	@scripts/kafka-down

clean: kafka-down ## remove what was built, fetched and saved
	rm -rf k6 results .cache .run tools/typescript/node_modules
