#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An allocator that labyrinth was not made for: its bug is found under one of the rules that its header names, and its
clean twin is clean, with default options but for an end by schedules, so that a busy machine finds the same.

usage: check.py PROGRAM SOURCE BUG CLEAN explore
       check.py PROGRAM SOURCE BUG CLEAN stress
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BUG_SCHEDULES, CLEAN_SCHEDULES = 1000000, 3000
# Stress may be unlucky on a busy machine: it gets these many seconds, one after the other, until it finds something.
BUG_SECONDS, CLEAN_SECONDS = (1, 4, 15), 1


def run(program, arguments, folder):
    answer = subprocess.run([program] + arguments, cwd=folder, text=True, capture_output=True, check=False)
    answer.shown = f"labyrinth {' '.join(arguments)}: exit {answer.returncode}\n{answer.stdout}{answer.stderr}"
    return answer


def explore(program, module, schedules, folder):
    return run(program, ["explore", "--target", module, "--seed", "1", "--schedules", str(schedules)], folder)


def stress(program, module, seconds, folder):
    for duration in seconds:
        answer = run(program, ["stress", "--target", module, "--seed", "1", "--threads", "4", "--hunt", "0",
                               "--duration", f"{duration}s"], folder)
        if answer.returncode:
            break
    return answer


def main():
    program, source, bug, clean, way = sys.argv[1:]
    program, bug, clean = (str(Path(name).resolve(strict=True)) for name in (program, bug, clean))  # it runs elsewhere
    rules = re.search(r"^ \* rule: +(.*)$", Path(source).read_text(), re.MULTILINE)[1].split()
    with tempfile.TemporaryDirectory() as folder:
        if way == "explore":
            found = explore(program, bug, BUG_SCHEDULES, folder)
            twin = explore(program, clean, CLEAN_SCHEDULES, folder)
        else:
            found = stress(program, bug, BUG_SECONDS, folder)
            twin = stress(program, clean, (CLEAN_SECONDS,), folder)
    rule = re.search(r"^finding: (R\d\d) ", found.stdout, re.MULTILINE)
    if found.returncode != 1 or not rule or rule[1] not in rules:
        print(f"expected a finding under one of {' '.join(rules)}\n{found.shown}")
        return 1
    if twin.returncode:
        print(f"expected a clean twin\n{twin.shown}")
        return 1
    print(f"found under {rule[1]}; the twin is clean")
    return 0


sys.exit(main())
