# make setup    fetch what SwiftPM does not: the SQL engine, SQLite's headers, the clients of the tests
# make build    compile `bourse`
# make demo     the five-minute journey on sample data, start to finish
# make test     unit tests, then AWS's own clients against a running exchange
# make check    make test, with every warning an error, and formatting and generated files looked at
# make format   lay out the sources as .swift-format says
# make bench    measure the exchange on this machine

.PHONY: setup build demo test check format bench

setup:
	@dev/clients
	@dev/setup

build: setup
	swift build --product bourse

demo: build
	.build/debug/bourse demo

test: export BOURSE_ALL_TESTS = 1
test: build
	swift test
	.venv/bin/pytest Tests/Conformance

check: export BOURSE_STRICT = 1
check: setup
	dev/format --check
	dev/shapes/check
	swift build --build-tests --explicit-target-dependency-import-check error
	@$(MAKE) test

format:
	dev/format

bench: setup
	swift build --configuration release --product bourse
	.venv/bin/python dev/bench
