#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All that can run for long, one after the other. usage: soak.sh BUILD MINUTES; BUILD holds the program, BUILD/tsan and
# BUILD/asan the same under sanitizers, BUILD/fuzz-* the fuzz targets.
set -umo pipefail # m: a Ctrl-C reaches this script alone, which hands it on once
build=$1 seconds=$(($2 * 60))
passed=0 failed=0 skipped=0 at=0 stopped='' child=''

# Each a line of "NAME PROGRAM WORD..." that wants a time as its last word. A third of all the time for each kind.
stress=() explore=() fuzz=()
for target in core locked; do
	for threads in 4 32; do
		words="stress --workload all --target $target --threads $threads"
		stress+=("stress-$target-$threads $build/labyrinth $words --duration"
			"stress-$target-$threads-asan $build/asan/labyrinth $words --duration"
			# ThreadSanitizer delays signals: interrupts come in place
			"stress-$target-$threads-tsan $build/tsan/labyrinth $words --irq-source inject --duration")
	done
	explore+=("explore-$target $build/labyrinth explore --target $target --keep-going --time"
		"race-$target $build/labyrinth explore --race --target $target --keep-going --time")
done
for seeds in "$(dirname "$0")"/../corpus/fuzz_*; do # each fuzz target has seeds under its name
	fuzzer=${seeds##*/}
	for engine in libfuzzer afl; do
		fuzz+=("$fuzzer-$engine $build/labyrinth fuzz $fuzzer --engine $engine --time")
	done
done
total=$((${#stress[@]} + ${#explore[@]} + ${#fuzz[@]}))

number=1
while [[ -e $build/soak/$number ]]; do number=$((number + 1)); done
folder=$build/soak/$number
mkdir -p "$folder"

stop() {
	stopped=yes
	[[ -z $child ]] || kill -INT "$child" 2>/dev/null
}
trap stop INT TERM

# judge NAME CODE LOG: counts, and keeps what was found and how to replay it
judge() {
	case $2 in
	0) passed=$((passed + 1)) && echo "soak: $1: ok" ;;
	77) skipped=$((skipped + 1)) && echo "soak: $1: not supported here" ;;
	*)
		failed=$((failed + 1))
		echo "soak: $1: FAILED, exit $2: $3"
		{
			echo "$1: exit $2: $(head -n 1 "$3")"
			grep -hE '^(finding|artifact|log|reproduce):' "$3" || tail -n +2 "$3" | tail -n 3
		} | tee -a "$folder/findings.txt"
		;;
	esac
}

# run SECONDS NAME PROGRAM WORD...
run() {
	local time=$1 name=$2 kept=(--findings "$folder/$2") code
	shift 2
	[[ $2 == fuzz ]] && kept=(--dir "$folder/$name")
	at=$((at + 1))
	echo "soak: $at of $total: $name, ${time} s"
	local log=$folder/$name.log
	echo "\$ $* ${time}s ${kept[*]}" >"$log"
	"$@" "${time}s" "${kept[@]}" >>"$log" 2>&1 &
	child=$!
	while wait "$child"; code=$?; kill -0 "$child" 2>/dev/null; do :; done # a signal ends a wait early
	child=''
	judge "$name" "$code" "$log"
}

for kind in stress explore fuzz; do
	declare -n jobs=$kind
	time=$((seconds / 3 / ${#jobs[@]}))
	for job in "${jobs[@]}"; do
		read -r -a words <<<"$job"
		[[ -n $stopped ]] || run $((time ? time : 1)) "${words[@]}"
	done
done

[[ -z $stopped ]] || echo "soak: stopped: $((total - at)) of $total were not begun"
((failed == 0)) || echo "soak: findings and how to replay them: $folder/findings.txt"
echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
((failed == 0))
