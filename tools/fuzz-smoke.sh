#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzz target for ten seconds under each engine. usage: fuzz-smoke.sh BUILD
set -uo pipefail
build=$1
passed=0 failed=0

for fuzzer in fuzz_scenario fuzz_sequential fuzz_interrupt fuzz_text fuzz_artifact fuzz_arena; do
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
