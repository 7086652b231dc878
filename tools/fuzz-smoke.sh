#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzz target for ten seconds under each engine. usage: fuzz-smoke.sh BUILD
set -uo pipefail
build=$1
passed=0 failed=0

for seeds in "$(dirname "$0")"/../corpus/fuzz_*; do # each fuzz target has seeds under its name
	fuzzer=${seeds##*/}
	for engine in libfuzzer afl; do
		if "$build/labyrinth" fuzz "$fuzzer" --engine "$engine" --time 10s \
			--dir "$build/smoke/$fuzzer-$engine"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
done
echo "$passed passed, $failed failed"
((failed == 0))
