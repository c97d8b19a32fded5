# `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

K6_VERSION := $(shell awk '$$1 == "go.k6.io/k6/v2" { print $$2 }' go.mod)
TOOL := go tool -modfile=tools/go.mod
# What goes into the binary. Folders stand for the files that come and go in them.
SOURCES := go.mod go.sum k6suite.go $(shell find extension config -type d -o -type f ! -name '*_test.go')
# What xk6 can check without a network and with this k6; CONTRIBUTING.md says why not the rest.
XK6_CHECKS := module,replace,readme,license,git,build,types,examples
TSC := tools/typescript/node_modules/.package-lock.json

# Where kafka-up runs Apache Kafka, and which.
NODES ?= 1
VERSION ?= 4.4.0

# What the binary says it was built from: verdicts name it. A plus: and changes on top.
COMMIT = $(shell git describe --always --abbrev=10 --exclude '*' --dirty=+ 2>/dev/null)

# What soak runs: SEED is that of its first round, by default one from the time.
PROFILE ?= embedded
MINUTES ?= 60
SEED ?=

# What prove is to do beyond what it does anyway: k6 x suite prove --help.
PROVE ?=

# What property tries: healthy histories, and so many of each mutation.
HISTORIES ?= 1000000
TRIES ?= 1000

.PHONY: help build run test readme prove property bench lint kafka-up kafka-down s3-up s3-down docker-up docker-down clean
.PHONY: soak ci-pr ci-main ci-release compatibility clean-tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: k6 ## build ./k6, if a source has changed

# The versions of the libraries are those of go.mod; that xk6 cannot look up the latest k6 where there is no network is harmless.
k6: $(SOURCES) tools/go.mod
	go build ./... # says what is wrong, where xk6 only says that something is
	$(TOOL) xk6 build $(K6_VERSION) --with k6suite=. --output k6 \
		--build-flags=-trimpath --build-flags='-ldflags=-s -w -X k6suite/extension/trust.commit=$(COMMIT)'

run: build ## build, then judge the embedded target with the scripts of the PR stage
	./k6 x suite run --stage pr

test: ## run the Go tests with the race detector
	go test -race ./...

readme: build ## run the commands that README shows, and put their true output there
	go run ./scripts/readme README.md

prove: build ## prove that each rule fires on its lie and on no healthy run: PROVE='--repeat 3 --random 100' for longer
	./k6 x suite prove $(PROVE)

soak: build ## random chaos round after round, a new seed each: PROFILE=embedded MINUTES=60 SEED= (K6_CHAOS_LENGTH=full: long rounds)
	./k6 x suite soak --profile $(PROFILE) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

# make itself exits 2 whatever a recipe exits: scripts/ci-stage exits 2 FAIL, 3 INCONCLUSIVE, 1 could not run, and prints it.
ci-pr: build ## stage pr on the embedded target and one node of Apache Kafka, and on what K6_PROFILE names (DOCS/ci.md)
	scripts/ci-stage pr

ci-main: build ## stage main, the same with three nodes, which are killed and frozen
	scripts/ci-stage main

ci-release: build ## stage release, the same
	scripts/ci-stage release

compatibility: build ## judge the embedded target and Apache Kafka 3.9.2 and 4.4.0, one node and three, and write DOCS/compatibility.md
	scripts/compatibility

# Some ten minutes on two free cores, without the race detector. A failure says how to try its seed again.
property: ## try random histories of the ledger: HISTORIES=1000000 healthy ones, TRIES=1000 of each thing that may go wrong
	GOGC=1000 GOMEMLIMIT=1GiB K6SUITE_PROPERTY=$(HISTORIES) K6SUITE_PROPERTY_TRIES=$(TRIES) \
		go test -run Property -timeout 12h ./extension/ledger

# Everything is a ratio to a bare franz-go loop that does the same in the same run, median of 5, except the memory of the ledger and the
# rate of verification, which begin with the start of the process and end with its verdict. The
# Kafka proxy has rates as ratios to those without it, latencies as differences, medians of 7, and the memory of its process; toxiproxy,
# which only knows TCP, goes along for scale.
bench: build ## measure: memory of the ledger, and speed as ratios to bare franz-go and to no proxy (Apache Kafka: after make kafka-up)
	go test -run '^$$' -bench LedgerMemory10M -benchtime 1x ./extension/ledger
	go test -run '^$$' -bench Merged1B -benchtime 1x ./extension/ledger
	K6SUITE_BENCH_K6=$$PWD/k6 go test -run '^$$' -bench Verify10M -benchtime 1x ./extension/ledger
	go test -run '^$$' -bench Storm -benchtime 1x ./extension/kafka/storm
	K6SUITE_BENCH_KAFKA=$$(cat .run/kafka/address 2>/dev/null || true) go test -run '^$$' -bench 'FinalRead|Produce' -benchtime 1x ./extension/trust
	go test -run '^$$' -bench . -benchtime 5x ./extension/kafka ./extension/js
	go -C tools/toxiproxy build -o ../../.cache/toxiproxy .
	TOXIPROXY=$$PWD/.cache/toxiproxy go test -run '^$$' -bench . -benchtime 1x ./extension/chaos/kafkaproxy
	TOXIPROXY=$$PWD/.cache/toxiproxy go test -run '^$$' -bench . -benchtime 1x ./extension/chaos/s3proxy
	@brokers=$$(cat .run/kafka/address 2>/dev/null || true); \
	[[ -n $$brokers ]] || echo "Apache Kafka is not up (make kafka-up): producer.send and consumer.poll are left out"; \
	./k6 x suite bench $${brokers:+--brokers "$$brokers"}

lint: $(TSC) ## check Go, shell, workflows and scripts without running them
	go vet ./...
	$(TOOL) golangci-lint run
	@unformatted=$$($(TOOL) gofumpt -l k6suite.go extension config scripts); \
	if [[ -n $$unformatted ]]; then printf 'not formatted (gofumpt -l -w):\n%s\n' "$$unformatted"; exit 1; fi
	$(TOOL) actionlint
	@command -v shellcheck >/dev/null || { echo "shellcheck is not installed: install it (Debian: apt-get install shellcheck)"; exit 1; }
	shellcheck --external-sources .ci/run scripts/kafka-up scripts/kafka-node scripts/kafka-down scripts/kafka-common scripts/kafka-secure scripts/kcat-check scripts/console-check \
		scripts/versitygw-up scripts/versitygw-down scripts/versitygw-common scripts/docker-up scripts/docker-down scripts/docker-common scripts/docker-kafka scripts/kafka-container scripts/ci-stage scripts/compatibility
	cd tools/typescript && npx --no-install tsc --project .
	$(TOOL) xk6 lint --k6-version $(K6_VERSION) --enable-only $(XK6_CHECKS)

# .cache has what was fetched, tsc has to find it in its own folder.
$(TSC): tools/typescript/package.json tools/typescript/package-lock.json
	mkdir -p .cache/typescript
	cp tools/typescript/package.json tools/typescript/package-lock.json tools/typescript/.npmrc .cache/typescript/
	npm ci --prefix .cache/typescript
	rm -rf tools/typescript/node_modules
	ln -s ../../.cache/typescript/node_modules tools/typescript/node_modules
	@touch $@

kafka-up: ## start Apache Kafka on loopback: NODES=1 VERSION=4.4.0 (KAFKA_PORT=9092); SECURITY=sasl_ssl: TLS, SASL and ACLs (9094)
	@KAFKA_SECURITY=$(SECURITY) KAFKA_NODES=$(NODES) KAFKA_VERSION=$(VERSION) scripts/kafka-up

kafka-down: ## stop it, and remove its data; SECURITY=sasl_ssl: the secured one
	@KAFKA_SECURITY=$(SECURITY) scripts/kafka-down

s3-up: ## start versitygw, an S3 server, on loopback: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (VERSITYGW_PORT, VERSITYGW_BUCKET)
	@scripts/versitygw-up

s3-down: ## stop it, and remove its data
	@scripts/versitygw-down

clean-tools: ## remove what was fetched and built to work with: .cache has it all
	rm -rf .cache tools/typescript/node_modules

docker-up: build ## start the embedded cluster and its store in containers, or Apache Kafka (CLUSTER=kafka VERSION=4.4.0), and a Docker engine where none answers
	@CLUSTER=$(CLUSTER) KAFKA_VERSION=$(VERSION) scripts/docker-up

docker-down: ## remove them, and stop the engine that was started for them
	@scripts/docker-down

clean: kafka-down s3-down docker-down ## remove what was built, fetched and saved
	@KAFKA_SECURITY=sasl_ssl scripts/kafka-down
	rm -rf k6 results .cache .run tools/typescript/node_modules
