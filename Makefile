# What people type. `make` alone lists it; CONTRIBUTING.md says what must be green before a commit.

# Debian packages, by what needs them. The build needs the first line and nothing else.
build_packages := libudev-dev libsqlite3-dev zlib1g-dev
test_packages := udev umockdev libumockdev-dev strace e2fsprogs openssl curl python3
browser_packages := chromium chromium-driver fonts-noto-cjk python3-selenium
storebox_packages := qemu-system-x86 debootstrap busybox-static cpio e2fsprogs binutils gcc python3
faults_packages := gcc libfaketime strace e2fsprogs util-linux mount python3
bench_packages := gcc python3-evdev strace e2fsprogs util-linux mount mosquitto nats-server \
	redis-server rsyslog rsyslog-relp
deb_packages := debhelper fakeroot dpkg-dev
check_packages := systemd
api_packages := python3-venv

# An undeclared import between our targets is an error; the compiler alone does not see it.
swift_build := swift build --explicit-target-dependency-import-check error
programs := stampd stamphq stampctl
# A crash must end at once: the backtracer can hang for minutes.
export SWIFT_BACKTRACE := enable=no

.DEFAULT_GOAL := help
.PHONY: help setup swift demo test check bench storebox e2e browser api faults year sanitize release \
	install deb clean format lint build units

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: swift ## install what building and testing need (Debian packages, with apt)
	@.ci/need $(build_packages) $(test_packages)

swift:
	@command -v swift >/dev/null || { \
		echo "stampd needs Swift 6.3 for Debian 12: see swift.org/install/linux" >&2; exit 1; }

demo: swift ## watch a scan travel from a scanner to the display and to HQ; Ctrl-C ends it
	@.ci/need $(build_packages)
	@swift build --product stampd
	@swift build --product stampctl
	@.build/debug/stampd demo

test: setup ## build everything and run all tests
	$(swift_build) --build-tests
	swift test --skip-build --parallel --skip EndToEndTests
	swift test --skip-build --no-parallel --filter EndToEndTests

check: lint build test units ## what must be green before a commit

build: swift ## build the programs for debugging
	@.ci/need $(build_packages)
	$(swift_build)

format: swift ## format all Swift files
	swift format --in-place --recursive Sources Tests Package.swift

lint: swift ## complain about what `make format` would change, and about style
	swift format lint --strict --recursive Sources Tests Package.swift

units:
	@.ci/need $(check_packages)
	systemd/check.sh

e2e: setup browser ## run the built programs against each other, and the page in a real browser
	$(swift_build) --build-tests
	swift test --skip-build --no-parallel --filter EndToEndTests

browser: build ## use the display page in a real browser, as a till would
	@.ci/need $(browser_packages)
	/usr/bin/python3 Tests/Browser/test_display.py .build/debug/DisplayProbe

api: build ## call the agent and HQ in every way their OpenAPI documents describe, and in wrong ways
	@.ci/need $(api_packages)
	@test -x .build/api/bin/schemathesis || { /usr/bin/python3 -m venv .build/api && \
		.build/api/bin/pip install --quiet schemathesis==4.32.5; }
	.build/api/bin/python Tests/API/test_api.py

storebox: build ## boot the virtual store: real kernel, USB scanners, power cuts (root; some minutes)
	@.ci/need $(storebox_packages)
	python3 Tests/StoreBox/test_store.py --bin .build/debug

faults: build ## do to the ledger what stores do, print docs/reliability.md's table (SHORT=1; root)
	@.ci/need $(faults_packages)
	/usr/bin/python3 -B Tests/Faults/faults.py $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED)) \
		.build/debug

bench: swift ## measure what docs/performance.md tells, and print it (SHORT=1: less of it; root)
	@.ci/need $(build_packages) $(bench_packages)
	@echo "building for release; from a clean clone that takes some 20 minutes on two cores"
	$(foreach program,$(programs) stampbench,swift build --configuration release \
		--static-swift-stdlib --product $(program) &&) true
	/usr/bin/python3 -B Tests/Bench/bench.py $(if $(SHORT),--short) .build/release

year: swift ## run a long year of a chain through the engine and the tests' naive one (SALES=8 a day)
	@.ci/need $(build_packages)
	$(swift_build) --build-tests
	SALES_PER_MILLE=$(or $(SALES),8)000 swift test --skip-build --filter DifferentialTests

# The thread sanitizer does not see Swift's Mutex, which the ledger's own thread lives by: LedgerDBTests
# would report it. Foundation's own leaks on Linux (Process, a file that is no UTF-8) are not looked for.
sanitize: setup ## run the agent's and HQ's tests with the thread sanitizer, most tests with the address one
	swift test --sanitize thread --scratch-path .build-tsan --filter 'StampAgentTests|StampHQTests'
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize address --scratch-path .build-asan \
		--filter 'ScanCodecTests|ScannerIOTests|StampAgentTests|StampHQTests|LedgerDBTests|CounterAPITests|FleetTests'

release: swift ## build the programs for stores: optimised, with Swift's libraries inside
	@.ci/need $(build_packages)
	$(foreach program,$(programs),swift build --configuration release --static-swift-stdlib \
		--product $(program) &&) true

install: ## put the released programs, units and rules in place (DESTDIR=)
	systemd/install.sh .build/release "$(DESTDIR)"

deb: release ## make Debian packages in .build/deb
	@.ci/need $(deb_packages)
	DEB_BUILD_OPTIONS=noautodbgsym fakeroot debian/rules clean binary
	mkdir -p .build/deb
	mv ../stampd_*.deb ../stamphq_*.deb .build/deb/

clean: ## remove everything that was built
	rm -rf .build .build-tsan .build-asan
