#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What labyrinth does, in a minute: a stress, both fuzzers, and a seeded bug found and replayed. usage: tour.sh BUILD
set -euo pipefail
build=$1
labyrinth=$build/labyrinth
canary=$build/tests/canary/r03-cached-hit.so
tour=$build/tour

show() {
	printf '\n$ %s\n' "$*"
	"$@"
}

# expect CODE COMMAND...: a finding that was expected is no failure, and one that was not is
expect() {
	local expected=$1 code=0
	shift
	show "$@" || code=$?
	((code == expected)) || {
		echo "tour: exit $code, expected $expected" >&2
		exit 1
	}
}

rm -rf "$tour"
mkdir -p "$tour"

echo "== four threads with interrupts at three levels against the reference allocator"
expect 0 "$labyrinth" stress --target core --workload all --threads 4 --irq-levels soft,hard,nmi --duration 10s

echo
echo "== the same allocator under both fuzzing engines"
for engine in libfuzzer afl; do
	expect 0 "$labyrinth" fuzz fuzz_interrupt --engine "$engine" --time 10s --dir "$tour/$engine"
done

echo
echo "== an allocator with a seeded bug: a hit in the per-CPU cache does not ask whether the floor allows it"
expect 1 "$labyrinth" fuzz fuzz_interrupt --target "$canary" --time 10s --dir "$tour/canary" | tee "$tour/canary.txt"
replay=$(sed -n 's/^reproduce: labyrinth //p' "$tour/canary.txt" | head -n 1)
[[ -n $replay ]] || {
	echo "tour: the seeded bug left nothing to replay" >&2
	exit 1
}

echo
echo "== its replay"
read -r -a words <<<"$replay"
expect 1 "$labyrinth" "${words[@]}"

echo
echo "The tour is over. 'build/labyrinth help' lists the commands; README.md shows more."
