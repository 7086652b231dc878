#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Line coverage of src/core by all tests, the replay of the corpus among them. usage: coverage.sh BUILD
set -euo pipefail
build=$1
profile=$build/profile

rm -rf "$profile"
# %m: one file a program, into which all its processes merge.
LLVM_PROFILE_FILE=$PWD/$profile/%m.profraw \
	meson test -C "$build" --no-rebuild --num-processes "$(nproc)" --timeout-multiplier 5 --print-errorlogs \
	--no-suite lint >"$build/coverage-tests.log" || echo "coverage: some tests failed: see $build/coverage-tests.log"
llvm-profdata-19 merge -sparse -o "$profile/all.profdata" "$profile"/*.profraw

objects=()
while IFS= read -r program; do
	objects+=(-object "$program")
done < <(find "$build" -type f \( -perm -u+x -o -name '*.so' \) -not -name '*.py' -exec sh -c \
	'for f; do head -c 4 "$f" | grep -q "^.ELF" && echo "$f"; done' sh {} +)
llvm-cov-19 report -instr-profile="$profile/all.profdata" -show-functions=0 -show-region-summary=0 \
	"${objects[@]}" -sources src/core 2>&1 | grep -v '^warning' | tee "$build/coverage.txt"
awk '/^TOTAL/ { print "src/core: " $7 " of lines by the tests and the corpus" }' "$build/coverage.txt"
