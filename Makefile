# Holdfast. `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

GO        ?= go
# The store compresses nothing: without this tag Pebble compiles zstd from C, twice in a run of the tests, for half a minute each.
export GOFLAGS := $(strip $(GOFLAGS) -tags=pebblegozstd)
GO_NEEDED := 1.26
LISTEN    ?= 127.0.0.1:8080
BUYERS    ?= 40
SEED      ?=
DATA      ?= data/demo
PKGS      := ./...
BIN       := bin/holdfast
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
LDFLAGS   := -X main.version=$(VERSION)

# Of no use under the race detector, and too slow there: real processes killed, a real browser. They run once, without it.
SLOW_TESTS := KillNine|StoreProcess|PageSells|PlantedServer|PageReport|ChaosShort
SLOW_PKGS  := ./cmd/holdfast ./cmd/holdfast-bench ./bench/report ./bench/chaos
PAGE_PKGS  := ./api/web

# CockroachDB's own grammar is a module of its own: its sixty dependencies are nobody else's business. Go's cache of test results does
# not see the .sql files outside of that module, hence -count=1 where it is run.
GRAMMAR := storage/sqlstore/grammar
# So are the generators of clients.
CLIENTS := api/clienttest

# What the tests need besides Go. Only what is missing is installed; sudo only when not root.
# command:package. Debian keeps a PostgreSQL server's programs off PATH, in a folder for each version.
DEBIAN_PACKAGES := chromium:chromium postgres:postgresql redis-check-rdb:redis-tools iptables:iptables ip:iproute2 \
  git:git node:nodejs npm:npm curl:curl
# Programs of npm's that tests run, pinned by a lock file with their hashes. No install script of theirs is run.
NPM_TOOLS := cmd/tools/npm
# The package postgresql would also start a server of its own on port 5432: the tests want only the programs. redis-tools has Redis's program, under
# another name, and no service.
CREATE_CLUSTER := /etc/postgresql-common/createcluster.conf
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help
help: ## this list
	@echo "Holdfast: seats for on-sales; no two people ever get the same one."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-15s %s\n", $$1, $$2}'
	@echo
	@echo "  Settings: LISTEN=$(LISTEN) BUYERS=$(BUYERS) DATA=$(DATA) NODES=$(NODES) SEED=n"

.PHONY: go-version
go-version:
	@command -v $(GO) >/dev/null || { echo "Go $(GO_NEEDED) or newer is needed: https://go.dev/dl/"; exit 1; }
	@have=$$($(GO) env GOVERSION | sed 's/^go//'); \
	if [ "$$(printf '%s\n%s\n' "$(GO_NEEDED)" "$$have" | sort -V | head -n 1)" != "$(GO_NEEDED)" ]; then \
	  echo "Go $(GO_NEEDED) or newer is needed; this is $$have. See https://go.dev/dl/"; exit 1; fi

.PHONY: build
build: go-version ## build bin/holdfast
	@mkdir -p bin
	$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/holdfast

# What a build with planted bugs has in place of the product's files (actors/planted). The tag planted, beside it, brings in the
# tests that wake bugs.
PLANTED := bin/planted
.PHONY: planted
planted: go-version ## build bin/holdfast-planted: a server with bugs on purpose, which HOLDFAST_PLANT wakes; for testing checkers, never to sell with
	$(GO) run ./cmd/planted write $(PLANTED)
	$(GO) build -ldflags '$(LDFLAGS)' -overlay $(PLANTED)/overlay.json -o bin/holdfast-planted ./cmd/holdfast

.PHONY: run
run: build ## serve the demo: a stadium of 40,000 seats and simulated buyers; the page's address is printed
	$(BIN) serve --demo --demo-buyers $(BUYERS) --listen $(LISTEN) --data $(DATA)

NODES ?= 3
.PHONY: cluster
cluster: build packages ## a PostgreSQL and NODES nodes (3) on this machine, with the demo; shows what moves, until ^C
	$(BIN) cluster local --nodes $(NODES) --demo-buyers $(BUYERS) --listen $(LISTEN)

.PHONY: packages
packages: debian-packages npm-tools promtool ## install what the tests need and this machine lacks: Debian packages, npm programs, promtool

# promtool judges the alert rules. Debian has it in the package prometheus only, which would also start a server: the one program
# is taken out of the package. Where it cannot be had, the test of the rules says that it was skipped.
PROMTOOL := bin/promtool
.PHONY: promtool
promtool:
	@if ! command -v promtool >/dev/null && [ ! -x $(PROMTOOL) ] && command -v apt-get dpkg-deb >/dev/null; then \
	  here=$$PWD; dir=$$(mktemp -d); mkdir -p bin; echo "fetching: promtool"; \
	  (cd "$$dir" && apt-get download -qq prometheus >/dev/null 2>&1 && \
	    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xf - -C "$$here/bin" --strip-components=3 ./usr/bin/promtool) || \
	    echo "no promtool: cluster/alerts.yml is not checked"; \
	  rm -rf "$$dir"; \
	fi

.PHONY: npm-tools
npm-tools: debian-packages $(NPM_TOOLS)/node_modules/.package-lock.json

$(NPM_TOOLS)/node_modules/.package-lock.json: $(NPM_TOOLS)/package-lock.json
	cd $(NPM_TOOLS) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: debian-packages
debian-packages:
	@missing=""; \
	for pair in $(DEBIAN_PACKAGES); do \
	  program="$${pair%%:*}"; \
	  command -v "$$program" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$$program" >/dev/null || missing="$$missing $${pair##*:}"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if command -v apt-get >/dev/null; then \
	    echo "installing:$$missing"; \
	    if [[ "$$missing" = *postgresql* && ! -e $(CREATE_CLUSTER) ]]; then \
	      $(SUDO) mkdir -p "$$(dirname $(CREATE_CLUSTER))"; \
	      echo 'create_main_cluster = false' | $(SUDO) tee $(CREATE_CLUSTER) >/dev/null; \
	    fi; \
	    $(SUDO) apt-get update -qq; \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "please install yourself:$$missing"; exit 1; \
	  fi; \
	fi

# Every run of tests goes through testlog (cmd/tidy/testlog): output of what failed, a loud line for each skip, and into RESULTS a line for each test,
# from which the slowest and the counts are told at the end. bash's pipefail keeps the exit code of go test.
RESULTS ?= bin/tests.ndjson
BESIDE_RESULTS := bin/tests-beside.ndjson
PAGE_RESULTS := bin/tests-page.ndjson
TESTLOG := bin/testlog
READ     = 2>&1 | $(TESTLOG) read --into $(RESULTS)
READ_BESIDE = 2>&1 | $(TESTLOG) read --into $(BESIDE_RESULTS)

.PHONY: testlog
testlog: go-version
	@mkdir -p bin
	@$(GO) build -o $(TESTLOG) ./cmd/tidy/testlog

.PHONY: test
test: go-version packages vet testlog ## everything: vet, all tests with the race detector, planted bugs, killed processes, the page in a browser
	@rm -f $(RESULTS); failed=0; \
	$(MAKE) --no-print-directory test-steps || failed=1; \
	$(TESTLOG) sum $(RESULTS) || failed=1; \
	exit $$failed

# Tests' files are in memory where there is plenty of it; what go builds stays where it was.
test-steps: export GOTMPDIR := $(or $(GOTMPDIR),$(TMPDIR),/tmp)
test-steps: export TMPDIR := $(shell cmd/tools/testfolder.sh)

# What has one goroutine has no races: under the detector these took minutes and could find nothing.
PURE_PKGS := ./actors/section ./actors/simtest/... ./actors/venue ./actors/placement ./actors/catalog \
  ./actors/gate/... ./actors/audit ./actors/money ./api/card ./bench/report ./bench/growth ./cmd/tidy/...
PURE_SKIP := /api/web$$|/actors/(section|venue|placement|catalog|audit|money)$$|/actors/(gate|simtest)(/|$$)|/api/card$$|/bench/(report|growth)$$|/cmd/(tidy|holdfast$$)
# What starts processes of the program, which are built without the detector, waits more than it works.
PROCESS_PKGS := ./cmd/holdfast
RACE_PKGS  = $(shell $(GO) list $(PKGS) | grep -v -E '$(PURE_SKIP)')

# Tests that measure, or that do alone what takes the detector a minute: they run without it. ALONE_SLOW run only so.
ALONE_TESTS := Budget|Alloc|Memory|PromisedSize|TableIsFull|TableTwin
ALONE_PKGS  := ./actors ./actors/booking ./actors/coordinator ./actors/gate ./actors/gate/draw ./actors/pseudonym \
  ./actors/price ./actors/seatmap ./actors/section ./actors/section/dense ./actors/venue/labels ./actors/writer ./api ./api/card \
  ./api/document ./api/listen ./api/live ./api/problem ./api/proofofwork ./api/wire ./storage ./storage/memstore \
  ./storage/pebblestore ./bench/check/history ./bench/lab ./cluster/peerlink
ALONE_SLOW  := PromisedSize|TableIsFull|TableTwin

# go vet has been over everything, with more checks than go test's own.
VETTED := -vet=off

# COUNT=-count=1 has tests run anew that passed before. Processes that wait, browsers and killed processes run beside others, two at
# most at a time: first processes beside the quiet steps, then browsers beside what is left of those, and beside killed ones.
.PHONY: test-steps
test-steps:
	$(GO) test -json $(VETTED) $(COUNT) -timeout 4m -skip '$(SLOW_TESTS)' $(PURE_PKGS) $(READ)
	$(GO) test -json $(VETTED) $(COUNT) -race -timeout 15m -skip '$(SLOW_TESTS)|$(ALONE_SLOW)|^TestCockroach$$' $(RACE_PKGS) $(READ)
	@rm -f $(BESIDE_RESULTS) $(PAGE_RESULTS); failed=0; \
	($(GO) test -json $(VETTED) $(COUNT) -timeout 15m -skip '$(SLOW_TESTS)' $(PROCESS_PKGS) $(READ_BESIDE)) & processes=$$!; \
	$(MAKE) --no-print-directory test-quiet-steps || failed=1; \
	($(GO) test -json $(VETTED) $(COUNT) -timeout 15m -parallel 3 $(PAGE_PKGS) 2>&1 | $(TESTLOG) read --into $(PAGE_RESULTS)) & page=$$!; \
	wait $$processes || failed=1; \
	$(GO) test -json $(VETTED) $(COUNT) -timeout 15m -run '$(SLOW_TESTS)' $(SLOW_PKGS) $(READ) || failed=1; \
	wait $$page || failed=1; \
	cat $(BESIDE_RESULTS) $(PAGE_RESULTS) >> $(RESULTS); exit $$failed
	$(GO) test -json $(VETTED) -count=1 -timeout 30m -run '^TestCockroach$$' ./storage/sqlstore $(READ)

# What works and leaves the disk alone: it runs beside processes that wait, and whose databases want the disk.
.PHONY: test-quiet-steps
test-quiet-steps:
	$(GO) -C $(GRAMMAR) test -json -count=1 -timeout 4m ./... $(READ)
	$(GO) -C $(CLIENTS) test -json -count=1 -timeout 15m ./... $(READ)
	$(GO) test -json $(VETTED) $(COUNT) -timeout 8m -run '$(ALONE_TESTS)' $(ALONE_PKGS) $(READ)
	HOLDFAST_SIM_SEEDS=2000 $(GO) test -json $(VETTED) -count=1 -timeout 8m -run '^TestSimulationOfCluster$$' ./actors/simtest/cluster $(READ)
	$(GO) run ./cmd/planted write $(PLANTED)
	$(GO) test -json $(VETTED) $(COUNT) -timeout 8m -overlay $(PLANTED)/overlay.json -tags planted,pebblegozstd -run Planted ./actors ./actors/simtest/... ./cmd/holdfast $(READ)

# What must not happen again, on real processes: each drill has a short form that make test runs too; HOLDFAST_DRILL=long makes it the whole.
DRILL_PKGS := ./cmd/holdfast/... ./cluster/... ./storage/... ./actors/...
DRILLS := Drill|RestoredCopy|ForgottenStandby|NodeOfNoCluster|CopyGetsAnID|KillNine|FullDisk|WaitingForRoom|BitRot|LateRepeat|Offline|ClockThat|InADoubt|LostRecords|FailoverLoses|StayWhereTheyAre|SeenReady
.PHONY: drills
drills: go-version packages ## an on-call night: every drill in its long form; with real processes, databases and keys
	HOLDFAST_DRILL=long $(GO) test -count=1 -v -timeout 60m -run '$(DRILLS)' $(DRILL_PKGS)

# Not in CI: it takes an hour and more. LOAD_ONLY=sqlstore repeats the starting tests of the folders that match, and nothing else.
LOAD_LOOPS  ?= 2
LOAD_ROUNDS ?= 3
LOAD_TIMES  ?= 20
LOAD_ONLY   ?=
.PHONY: test-under-load
test-under-load: go-version packages testlog ## make test LOAD_ROUNDS (3) times beside LOAD_LOOPS (2) busy loops, then each test that starts a process LOAD_TIMES (20) times
	@rm -f $(RESULTS); failed=0; loops=(); \
	trap '(( $${#loops[@]} == 0 )) || kill "$${loops[@]}"' EXIT; \
	for ((n = 0; n < $(LOAD_LOOPS); n++)); do (while :; do :; done) & loops+=($$!); done; \
	if [ -z "$(LOAD_ONLY)" ]; then \
	  for ((n = 1; n <= $(LOAD_ROUNDS); n++)); do \
	    echo "== round $$n of $(LOAD_ROUNDS)"; $(MAKE) --no-print-directory test-steps COUNT=-count=1 || failed=1; \
	  done; \
	fi; \
	while IFS=$$'\t' read -r folder pattern; do \
	  echo "== $(LOAD_TIMES) times: $$folder"; \
	  $(GO) test -json -count=$(LOAD_TIMES) -timeout 4h -run "$$pattern" "$$folder" $(READ) || failed=1; \
	done < <($(TESTLOG) starters | grep -E "$(LOAD_ONLY)"); \
	$(TESTLOG) sum $(RESULTS) || failed=1; \
	exit $$failed

# Not in CI: it needs root, and fetches a Debian. BARE_TARGET names what is made there.
BARE_TARGET ?= test
.PHONY: test-bare
test-bare: ## make test (BARE_TARGET) as root in a new minimal Debian, in which make packages has to find everything
	$(SUDO) env GO="$$(command -v $(GO))" cmd/tools/bare.sh $(BARE_TARGET)

# -v because without a CockroachDB it is skipped, and a skip nobody sees would pass for a success.
.PHONY: test-cockroach
test-cockroach: go-version ## the complete suite on a real CockroachDB: HOLDFAST_TEST_CRDB_URL=postgres://…, or a cockroach binary on PATH
	$(GO) test -v -count=1 -timeout 30m -run '^TestCockroach$$' ./storage/sqlstore

.PHONY: grammar
grammar: go-version ## every SQL statement of the store, read by CockroachDB's own grammar
	$(GO) -C $(GRAMMAR) vet ./...
	$(GO) -C $(GRAMMAR) test -count=1 -timeout 4m ./...

.PHONY: clients
clients: go-version packages ## clients generated from /openapi.json in Go and TypeScript sell a seat each
	$(GO) -C $(CLIENTS) vet ./...
	$(GO) -C $(CLIENTS) test -count=1 -timeout 15m ./...

.PHONY: vet
vet: go-version
	@unformatted=$$(gofmt -l $(wildcard actors api bench cluster cmd storage)); \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GO) mod tidy -diff

.PHONY: quick
quick: go-version ## all tests once, without the race detector
	$(GO) test -timeout 5m $(PKGS)

# Programs that judge the source, each pinned in a module of its own below cmd/tools: their pins never move the product's.
TOOLS := bin/tools
$(TOOLS)/%: cmd/tools/%/go.mod
	$(GO) -C cmd/tools/$* build -o $(CURDIR)/$(TOOLS)/ tool

.PHONY: lint
lint: vet $(TOOLS)/staticcheck ## staticcheck of a fixed version
	$(TOOLS)/staticcheck $(PKGS)

LINT_SINCE ?= main
.PHONY: lint-new
lint-new: go-version $(TOOLS)/golangci-lint ## golangci-lint with .golangci.yaml, only of what is new since LINT_SINCE (main)
	$(TOOLS)/golangci-lint run --new-from-merge-base $(LINT_SINCE) $(PKGS)

# Offline but for the Go module proxy: the database is a module, and its folder of OSV files is one that govulncheck reads as it stands.
VULNDB := golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018
.PHONY: vuln
vuln: go-version $(TOOLS)/govulncheck ## known vulnerabilities that the code calls; fails on those of modules, lists those that a newer Go mends
	@db="$$($(GO) mod download -json $(VULNDB) | sed -nE 's/^\t"Dir": "(.*)",?$$/\1/p')"; \
	$(TOOLS)/govulncheck -format json -db "file://$$db/data/osv" ./cmd/holdfast ./cmd/holdfast-bench | $(GO) run ./cmd/tidy/vulnlog

FUZZ_SECONDS ?= 15
.PHONY: fuzz
fuzz: go-version ## every fuzz target for FUZZ_SECONDS each (15)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
	  for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file"); do \
	    echo "== $$target ($$(dirname "$$file"))"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_SECONDS)s -fuzzminimizetime 1x "./$$(dirname "$${file#./}")"; \
	  done; \
	done

.PHONY: sim
sim: go-version ## a section's writers, a waiting room's, and whole clusters, in one goroutine from a seed; SEED=n replays one run
	HOLDFAST_SIM_SEED=$(SEED) $(GO) test -count=1 -v -p 1 -run TestSimulation ./actors/simtest/...

NIGHT_SEEDS ?= 100000
.PHONY: sim-night
sim-night: go-version ## NIGHT_SEEDS seeds (100000) of a section's writers, of a waiting room's and of whole clusters: some twenty-five minutes of one processor; says how many a second
	HOLDFAST_SIM_SEEDS=$(NIGHT_SEEDS) $(GO) test -count=1 -v -timeout 4h -p 1 -run TestSimulation ./actors/simtest/...

.PHONY: bench
bench: build ## the measurements behind bench/RESULTS.md (minutes)
	$(GO) test -run '^$$' -bench . -skip SQL -benchmem ./actors/... ./storage/...
	$(GO) build -o bin/holdfast-bench ./cmd/holdfast-bench
	for scenario in holds refusals availability joins polls; do bin/holdfast-bench compare-null $$scenario --binary $(BIN); done
	for scenario in single expiry restart availability-busy; do bin/holdfast-bench http $$scenario --binary $(BIN); done

ROUNDS ?= 5
.PHONY: bench-peers
bench-peers: build ## the stampede beside every peer, in ROUNDS rounds (5), checked, with a page in bench/out
	$(GO) build -o bin/holdfast-bench ./cmd/holdfast-bench
	bin/holdfast-bench run stampede --binary $(BIN) --against all --rounds $(ROUNDS) --report bench/out/stampede

.PHONY: bench-eras
bench-eras: build ## 52 shows, 2.4 million tickets, sold over HTTP to the last one, checked and audited (minutes, gigabytes)
	$(GO) build -o bin/holdfast-bench ./cmd/holdfast-bench
	bin/holdfast-bench run eras --binary $(BIN) --report bench/out/eras

CHAOS_DURATION ?= 10m
# The clock nemesis needs a build that reads its clock's offset from a file; no bug in it is awake unless HOLDFAST_PLANT names one.
.PHONY: chaos
chaos: build planted ## a cluster killed, stopped, cut and drained for CHAOS_DURATION (10m) while buyers shop, then planted bugs; SEED=n repeats. Root for cuts
	$(GO) build -o bin/holdfast-bench ./cmd/holdfast-bench
	bin/holdfast-bench chaos --binary $(BIN) --duration $(CHAOS_DURATION) $(if $(SEED),--seed $(SEED))
	bin/holdfast-bench chaos --binary bin/holdfast-planted --duration 2m $(if $(SEED),--seed $(SEED))
	HOLDFAST_CHAOS_SEED=$(SEED) $(GO) test -tags planted,pebblegozstd -count=1 -v -timeout 60m -run '^TestPlantedClusterIsCaught$$' ./bench/chaos

SQL_ROUNDS ?= 5
.PHONY: bench-sql
bench-sql: go-version ## the engine on PostgreSQL beside a row a seat and bare INSERTs, SQL_ROUNDS rounds; HOLDFAST_BENCH_PG_URL for a server of yours
	GOGC=400 $(GO) test -timeout 30m -run '^$$' -bench 'SQLStore' -benchtime $(SQL_ROUNDS)x ./actors
	$(GO) test -timeout 30m -run '^$$' -bench 'SQLLoad|SQLActivate' -benchtime $(SQL_ROUNDS)x ./actors

.PHONY: clean
clean: ## remove bin and the demo's data
	rm -rf bin $(DATA)
