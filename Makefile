# make build   both programs into bin/
# make install  the programs, their manual pages, and completion of keyfob, below PREFIX (/usr/local)
# make check   formatting, vet, staticcheck, gosec, import rules, generated files
# make test    installs what the tests need, then runs all of them
# make bench   what calls cost, as ratios to an empty program; menus and config files of 5,000
# make bench-center   what keyfob-center answers in a second, over a bare HTTP server
# make fuzz    every parser, for FUZZTIME each (10s)
# make matrix  which client can do what with keyfob-center, written into README.md
# make try     signs in to an Identity Center of its own, on this machine, and shows the result

VERSION  := $(shell cat VERSION)
GO       ?= go
TOOLS    := $(CURDIR)/.cache/bin
FUZZTIME ?= 10s
PREFIX   ?= /usr/local
INTO      = $(DESTDIR)$(PREFIX)
GOBUILD  := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'
GOFUMPT  := $(TOOLS)/gofumpt-0.12.0
STATICCHECK := $(TOOLS)/staticcheck-0.8.2
GOSEC    := $(TOOLS)/gosec-2.22.10

.PHONY: build install check test bench bench-center matrix fuzz try generate clean
.DEFAULT_GOAL := build

build:
	@mkdir -p bin
	$(GOBUILD) -o bin/ ./cmd/keyfob ./cmd/keyfob-center

install: build
	install -d $(INTO)/bin $(INTO)/share/man/man1 $(INTO)/share/bash-completion/completions $(INTO)/share/zsh/site-functions $(INTO)/share/fish/vendor_completions.d
	install bin/keyfob bin/keyfob-center $(INTO)/bin
	install -m 644 docs/man/*.1 docs/man-center/*.1 $(INTO)/share/man/man1
	bin/keyfob completion bash > $(INTO)/share/bash-completion/completions/keyfob
	bin/keyfob completion zsh > $(INTO)/share/zsh/site-functions/_keyfob
	bin/keyfob completion fish > $(INTO)/share/fish/vendor_completions.d/keyfob.fish

$(GOFUMPT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install mvdan.cc/gofumpt@v0.12.0 && mv $(TOOLS)/gofumpt $@

$(STATICCHECK):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install honnef.co/go/tools/cmd/staticcheck@v0.8.2 && mv $(TOOLS)/staticcheck $@

$(GOSEC):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/securego/gosec/v2/cmd/gosec@v2.22.10 && mv $(TOOLS)/gosec $@

# The referee and the package for the SDK are modules of their own, which ./... leaves out. What gosec is not asked:
# whether a constant's name is a secret (G101: names of headers and settings), and whether a program may open the files and
# run the programs that a person names (G204, G304: that is what these two are for).
check: $(GOFUMPT) $(STATICCHECK) $(GOSEC)
	@out=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs $(GOFUMPT) -l); \
		if [ -n "$$out" ]; then echo "not formatted (run gofumpt -w):"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	cd referee && $(GO) vet ./...
	cd credentials && $(GO) vet ./...
	$(STATICCHECK) ./...
	cd referee && $(STATICCHECK) ./...
	cd credentials && $(STATICCHECK) ./...
	$(GOSEC) -quiet -exclude G101,G204,G304 $(addprefix -exclude-dir ,.cache referee credentials bench internal/try internal/wire/gen internal/manual) ./...
	GOOS=windows $(GO) vet ./cmd/keyfob
	GOOS=darwin $(GO) vet ./cmd/keyfob
	$(GO) test ./internal/archtest
	$(GO) run ./internal/cli/manual -check docs/man
	$(GO) test ./cmd/keyfob-center -run '^TestManualPages$$'

generate:
	$(GO) run ./internal/cli/manual docs/man
	$(GO) test ./cmd/keyfob-center -run '^TestManualPages$$' -update

test: build
	@scripts/setup
	@$(GO) build -o .cache/testrun ./scripts/testrun && .cache/testrun

bench: build
	@$(GO) run ./bench
	@echo && $(GO) test -run '^$$' -bench 'List|LoadMany' ./internal/prompt ./internal/awsconfig | grep -E '^(Benchmark|pkg:)'

bench-center: build
	@$(GO) run ./bench/center $(ARGS)

matrix:
	@scripts/setup
	cd referee && $(GO) test -count=1 -run TestClientMatrix . -update

fuzz:
	@set -e; for dir in $$(grep -rl '^func Fuzz' --include='*_test.go' internal cmd | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$dir/*_test.go | cut -c6-); do \
			echo "$$dir $$target"; \
			said=$$($(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$dir 2>&1) || { echo "$$said"; exit 1; }; \
		done; \
	done

try:
	@$(GOBUILD) -o bin/ ./cmd/keyfob ./cmd/keyfob-center
	@$(GO) run ./internal/try $(ARGS)

clean:
	rm -rf bin .cache
