#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Stands in for the program under tools/soak.sh: writes down its words, and does what $FAKE says for them.
echo "$*" >>"$FAKE_LOG"
case $FAKE in
sleep)
	trap 'echo "ended early"; exit 0' INT
	echo begun >>"$FAKE_LOG"
	for ((i = 0; i < 300; i++)); do sleep 0.1; done
	;;
mixed)
	case "$*" in
	*--race*) exit 77 ;;
	stress*"--target locked --threads 32"*)
		echo 'finding: R01 double-ownership block=frame 64'
		echo 'artifact: there/R01.lab'
		echo 'reproduce: labyrinth replay there/R01.lab'
		exit 1
		;;
	fuzz\ fuzz_text*) echo 'labyrinth: fuzz: no such folder' && exit 3 ;;
	esac
	;;
esac
exit 0
