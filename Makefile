# `make run` and `make test` do all the set-up on a fresh Debian 12 machine that has Swift.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: run build test soak soak-asan lint format bench study image sanitize asan tsan fuzz clean
.PHONY: swift library-packages test-packages

binary := .build/release/hausdorffd
# Tests are built for release: the C kernels are too slow without the optimiser.
swift_test := PATH="$(CURDIR)/.venv/bin:$$PATH" swift test -c release -Xswiftc -enable-testing
swift_sources := Package.swift Sources Tests $(wildcard Benchmarks/Package.swift) Benchmarks/Sources
# How long `make fuzz` tries each decoder, and whether `make bench` settles for few repetitions.
SECONDS := 600
QUICK :=
# Which scenarios `make soak` runs; all by default.
SCENARIOS :=

run: build
	exec $(binary) serve

build: swift library-packages
	swift build -c release --static-swift-stdlib --product hausdorffd

test: swift library-packages test-packages .venv/tests lint
	$(swift_test) --scratch-path .build-test

# What a server meets in production, in full: about an hour. SCENARIOS names some, such as SCENARIOS="overload restart".
soak: build test-packages .venv/tests
	.venv/bin/python3 Tests/Soak/soak.py --binary $(binary) $(SCENARIOS)

# The mixed load on a server with the address sanitizer, which ends with an error where anything is leaked.
soak-asan: swift library-packages test-packages .venv/tests
	swift build -c release --sanitize=address --scratch-path .build-soak --product hausdorffd
	.venv/bin/python3 Tests/Soak/soak.py --binary .build-soak/release/hausdorffd --minutes 10 mixed_load

lint: swift
	swift format lint --strict --recursive $(swift_sources)

format: swift
	swift format --in-place --recursive $(swift_sources)

sanitize: asan tsan

# XCTest is left out: its empty run leaks.
asan tsan soak-asan: export ASAN_OPTIONS := malloc_context_size=8:max_malloc_fill_size=0:quarantine_size_mb=32
# The sanitizer keeps 11 MiB of shadow stack a thread, more of it touched as time goes by; less is enough, and stays flat.
soak-asan: export ASAN_OPTIONS := $(ASAN_OPTIONS):max_uar_stack_size_log=16
asan soak-asan: export LSAN_OPTIONS := suppressions=$(CURDIR)/Tests/leaks.txt:print_suppressions=0
tsan: export TSAN_OPTIONS := suppressions=$(CURDIR)/Tests/races.txt
asan tsan: swift library-packages test-packages .venv/tests
	$(swift_test) --disable-xctest --sanitize=$(if $(filter asan,$@),address,thread) --scratch-path .build-$@

fuzz: swift library-packages
	for decoder in json npy png nifti gzip rle tensors archive form; do FUZZ_SCRATCH="$(CURDIR)/.build-fuzz" Tests/Fuzz/run.sh $$decoder $(SECONDS); done

bench: build .venv/bench
	swift build -c release --static-swift-stdlib --package-path Benchmarks --scratch-path .build-bench
	.venv/bin/python3 Benchmarks/bench.py --binary $(binary) --tools .build-bench/release $(if $(QUICK),--quick)

# What the Dockerfile makes, without a container engine: tries it and prints its size. As root.
image: build
	$(call install,debootstrap)
	python3 Tests/hausdorffdTests/Python/image.py $(binary)

# What losses do for a U-Net: the table of the README.
study: build test-packages
	python3 Benchmarks/study.py --binary $(binary)

clean:
	rm -rf .build .build-* .venv

# What the targets need.

swift:
	@command -v swift >/dev/null || { echo "Swift is missing: install 6.2 or later, see https://www.swift.org/install/linux/" >&2; exit 1; }

# $(call install,packages): installs those Debian packages of the list that are missing.
define install
	@missing=; \
	for package in $(1); do \
	  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null || true)" = installed ] || missing+=" $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "Please install what Debian calls$$missing" >&2; exit 1; }; \
	echo "Installing$$missing"; \
	root=; [ "$$(id -u)" = 0 ] || root=sudo; \
	$$root apt-get update -q </dev/null; \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing </dev/null
endef

library-packages:
	$(call install,libmicrohttpd-dev libdnnl-dev libsimdjson-dev libspng-dev libarchive-dev nettle-dev libsqlite3-dev libpq-dev zlib1g-dev pkg-config)

test-packages:
	$(call install,ca-certificates curl python3-venv postgresql faketime debootstrap prometheus systemd haproxy slowhttptest wrk openssl)

# Python serves the tests and the benchmark only. Any python3 will do that can make virtual environments.
.venv/tests: Tests/requirements.txt | test-packages
	@for python in python3 /usr/bin/python3 none; do \
	  $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	[ $$python != none ] || { echo "Python 3.11 or later with venv is missing" >&2; exit 1; }; \
	$$python -m venv --clear .venv
	.venv/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

.venv/bench: Benchmarks/requirements.txt .venv/tests
	.venv/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@
