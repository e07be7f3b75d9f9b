# Everything here needs Go and make alone; only race and packetdrill-so need a C compiler as well.

GO      ?= go
T       ?= 30s
PKGS    ?= ./...
ARGS    ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

export CGO_ENABLED ?= 0

.PHONY: help build run test test-bench check 32bit race fuzz bench bench-build bench-peers profile golden docs figures recovery packetdrill-so packetdrill-kernel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## write bin/sockeye
	$(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/sockeye ./cmd/sockeye

run: build ## fetch a page over our TCP in a network namespace of its own
	./bin/sockeye demo

test: ## run all tests and say in one line what was skipped and why
	@$(GO) run ./internal/testsum -shuffle=on -count=1 $(ARGS) $(PKGS)

test-bench: ## try that each system of bench/ does each work (needs root)
	$(GO) test -C bench -count=1 $(ARGS) ./...

check: ## gofmt, vet, staticcheck, tidy go.mod, import rules, docs/rfc9293.md
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) vet -C bench ./...
	staticcheck=$$($(GO) tool -n staticcheck) && cd bench && $$staticcheck ./...
	$(GO) -C bench mod tidy -diff
	$(GO) test -count=1 ./internal/house/... ./internal/requirements/...

32bit: ## compile for machines whose int has 32 bits
	GOARCH=386 $(GO) build ./ip ./tcp ./stack

packetdrill-so: ## write bin/packetdrill.so, the stack for the packetdrill tool (needs a C compiler)
	CGO_ENABLED=1 $(GO) build -trimpath -buildvcs=false -buildmode=c-shared -o bin/packetdrill.so ./internal/packetdrillso
	@rm -f bin/packetdrill.h

packetdrill-kernel: ## run our scripts on the kernel with your packetdrill binary, PACKETDRILL=path (needs root)
	scripts/kernel-check

race: ## run all tests under the race detector (needs a C compiler)
	@CGO_ENABLED=1 $(GO) run ./internal/testsum -race -shuffle=on -count=1 $(ARGS) $(PKGS)

fuzz: ## run every fuzz target for T (default 30s)
	@GO="$(GO)" scripts/fuzz.sh $(T)

bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem $(ARGS) $(PKGS)

bench-build:
	$(GO) build -C bench -trimpath -o ../bin/bench .

bench-peers: bench-build ## measure our TCP beside the kernel's and gVisor's into bin/bench.* (about ten minutes, needs root)
	./bin/bench --json bin/bench.json --bench bin/bench.txt --plot bin/bench.svg $(ARGS)

profile: bench-build ## write CPU profiles of our client into bin/profile and print where the time goes
	rm -rf bin/profile
	./bin/bench --systems S --work download,upload,pingpong,get32 --rounds 1 --bytes 8589934592 --pprof bin/profile $(ARGS)
	@for file in bin/profile/*.pprof; do echo; echo "$$file:"; $(GO) tool pprof -top -nodecount 25 bin/bench $$file; done

golden: ## write the golden files of the tests anew; review the diff
	$(GO) test -count=1 ./internal/ladder ./internal/steptui ./internal/netsim -update

figures: ## write docs/figures anew from runs in virtual time
	$(GO) run ./internal/figures/gen

recovery: build ## measure goodput on bad links beside the kernel into bin/recovery.jsonl, for hours (needs root); carries on
	./bin/sockeye recovery --runs 5 $(ARGS) bin/recovery.jsonl
	./bin/sockeye recovery --table bin/recovery.jsonl

docs: ## write docs/rfc9293.md anew from the labels in code and tests
	$(GO) run ./internal/requirements/gen

clean: ## remove what make made
	rm -rf bin
