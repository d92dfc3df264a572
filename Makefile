# Everything a person does with this checkout. "make" lists it.

export PATH := $(PATH):/usr/local/go/bin
export CGO_ENABLED ?= 0

PACKAGES  ?= ./...
FUZZTIME  ?= 5s
BENCHTIME ?= 1s
DOCKER    ?= docker
SUITE     := go run ./internal/db/dbtest/suite

.PHONY: help build generate web check-web pictures image run demo test check vulnerabilities test-race torture fuzz bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

build: ## build ./dhvani, one static program
	go build -trimpath -ldflags '-s -w' -o dhvani ./cmd/dhvani

generate: ## write the Go code of the console's templates
	go tool templ generate -path internal/console -log-level error

web: web/node_modules/.package-lock.json ## build the console's styles, islands, icons and fonts (needs Node.js)
	cd web && npm run --silent build

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

check-web: generate web ## check that what is generated and committed belongs to its sources
	cd web && npm run --silent check
	@changed=$$(git status --porcelain -- internal/console); if [ -n "$$changed" ]; then echo "not as the sources make it:"; echo "$$changed"; exit 1; fi

image: ## build the container image dhvani (DOCKER=podman where that is the program)
	$(DOCKER) build -t dhvani .

run: ## start the server in ./dhvani-data on 127.0.0.1:8080
	go run ./cmd/dhvani serve

demo: ## start the system with a sample shop
	go run ./cmd/dhvani demo

test: check vulnerabilities ## check the code and run all tests; says what was left out
	$(SUITE) $(PACKAGES)

check: ## formatting, go vet and staticcheck
	@unformatted=$$(gofmt -l cmd internal); if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	go vet $(PACKAGES)
	go tool staticcheck $(PACKAGES)

# Findings are printed and do not fail: they come with time, not with a change.
vulnerabilities: ## look for known vulnerabilities, where their database can be reached
	@found=$$(timeout 180 go tool govulncheck $(PACKAGES) 2>&1); code=$$?; \
	case "$$code:$$found" in \
	0:*|3:*) echo "$$found" ;; \
	124:*|*"fetching vulnerabilities"*) echo "LEFT OUT, govulncheck: its database cannot be reached" ;; \
	*) echo "$$found"; exit 1 ;; \
	esac

# SQLite is C in Go's clothes: to check each of its pointers takes a third of the time.
test-race: ## run all tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(SUITE) -race -gcflags=modernc.org/...=-d=checkptr=0 -timeout 20m $(PACKAGES)

torture: ## break the running program and the machine under it, for hours (all of it needs root)
	DHVANI_TORTURE=long go test -v -count 1 -timeout 4h ./internal/torture

fuzz: ## run every fuzz target for FUZZTIME (5s)
	@grep -rno --include='*_test.go' 'func Fuzz[A-Za-z0-9_]*' cmd internal | sed -E 's/^(.*)\/[^:]*:[0-9]*:func (.*)/\1 \2/' | \
	while read -r folder target; do \
		echo "$$folder $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$folder" || exit 1; \
	done

# A release keeps its own, and the next one's tests run them: nodes of both
# versions work on one database during an upgrade.
RECORDED := internal/db/testdata/$(shell sed -n 's/^const Version = "\(.*\)"/\1/p' internal/db/migrate.go)
statements: ## keep this version's SQL statements and schema for the next one's tests
	rm -f $(RECORDED).new && mkdir -p $(dir $(RECORDED))
	DHVANI_RECORD_SQL=$(CURDIR)/$(RECORDED).new $(SUITE) -count=1 ./internal/workspace ./internal/order ./internal/feedback ./internal/process ./internal/customer ./internal/replay ./internal/language/fitted ./internal/deliver ./internal/deliver/returns ./internal/insight/incident
	LC_ALL=C sort -u $(RECORDED).new > $(RECORDED).statements && rm $(RECORDED).new
	go test -count=1 -run TestOlderVersions ./internal/db -update

pictures: ## take the pictures of the README from a demo (needs Chromium)
	go run ./internal/browsertest/pictures

bench: ## run the micro-benchmarks for BENCHTIME (1s) each
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -p 1 $(PACKAGES)
