#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A canary is found under its rule, and the clean allocators are not.

usage: check.py PROGRAM RULE MODULE replay SCENARIO
       check.py PROGRAM RULE MODULE stress HOOKED OPTION...
       check.py PROGRAM RULE MODULE trap OPTION...
       check.py PROGRAM SOURCE HOOKED explore SEED OPTION...
       check.py PROGRAM RULE HOOKED race OPTION...
       check.py PROGRAM clean

SOURCE is the canary's, whose header names its rules: a bug may break one of several, as the schedule has it.

What stress finds comes back as a small artifact of the hooked module, but for a data race; what it traps, a system call
that no schedule shows, comes with the stack down to the canary's line.
"""
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

CLEAN = ("core", "locked", "shared")
# Stress may be unlucky on a busy machine: it gets these many seconds, one after the other, until it finds something.
STRESS_SECONDS = (2, 6, 20)
# As long as a sanitizer may need for a schedule that shows it; it ends when one is found.
HUNT_SECONDS = 120
CLEAN_SECONDS = 1
CLEAN_SCHEDULES = 10000
# As many seeds are tried for what is small enough: which schedule is found depends on the code, down to its addresses.
SEEDS = 5
# Of what was found, made small: what a person reads to the end.
OPS_MOST, DEPARTURES_MOST = 8, 4


class Failure(Exception):
    pass


def run(program, arguments, folder):
    answer = subprocess.run([program] + arguments, cwd=folder, text=True, capture_output=True, check=False)
    answer.shown = f"labyrinth {' '.join(arguments)}: exit {answer.returncode}\n{answer.stdout}{answer.stderr}"
    return answer


def demand_finding(answer, rule):
    closing = [line for line in answer.stdout.split("\n") if line][-3:]
    if answer.returncode != 1:
        raise Failure(f"expected exit 1\n{answer.shown}")
    if len(closing) != 3 or not closing[0].startswith("finding: "):
        raise Failure(f"expected three closing lines\n{answer.shown}")
    if not closing[0].startswith(f"finding: {rule} "):
        raise Failure(f"expected {rule}\n{answer.shown}")
    if not closing[1].startswith(("artifact: ", "log: ")) or not closing[2].startswith("reproduce: labyrinth "):
        raise Failure(f"expected where it lies and how to reproduce it\n{answer.shown}")
    print("\n".join(closing))
    return closing


def demand_clean(answer):
    if answer.returncode != 0 or "finding: " in answer.stdout:
        raise Failure(f"expected no finding and exit 0\n{answer.shown}")


def check_replay(program, rule, module, scenario, folder):
    closing = demand_finding(run(program, ["replay", "--target", module, scenario], folder), rule)
    again = run(program, shlex.split(closing[2].removeprefix("reproduce: labyrinth ")), folder)
    if demand_finding(again, rule)[1:] != closing[1:]:
        raise Failure(f"expected the same once more\n{again.shown}")
    for target in CLEAN:
        demand_clean(run(program, ["replay", "--target", target, scenario], folder))


def demand_artifact(program, rule, closing, folder):
    found = re.match(r"artifact: \S+ \((\d+) ops, ", closing[1])
    if not found or int(found[1]) > OPS_MOST:
        raise Failure(f"expected an artifact of at most {OPS_MOST} operations, got\n{closing[1]}")
    again = run(program, shlex.split(closing[2].removeprefix("reproduce: labyrinth ")), folder)
    demand_finding(again, rule)


def check_stress(program, rule, module, hooked, options, folder):
    def stress(target, seconds, more=()):
        return run(program, ["stress", "--target", target, "--duration", f"{seconds}s", *more] + options, folder)

    for seconds in STRESS_SECONDS:
        answer = stress(module, seconds, ["--hooked", hooked, "--hunt", f"{HUNT_SECONDS}s"])
        if answer.returncode:
            break
    closing = demand_finding(answer, rule)
    if rule != "R11":
        demand_artifact(program, rule, closing, folder)
    for target in CLEAN:
        demand_clean(stress(target, CLEAN_SECONDS))


def check_trap(program, rule, module, options, folder):
    place = f"/{Path(module).stem}.c:"

    def stress(target, seconds):
        return run(program, ["stress", "--target", target, "--duration", f"{seconds}s", "--hunt", "0"] + options,
                   folder)

    for seconds in STRESS_SECONDS:
        answer = stress(module, seconds)
        if answer.returncode:
            break
    closing = demand_finding(answer, rule)
    stack = re.search(r"^  stack +(.*)$", answer.stdout, re.MULTILINE)
    log = (Path(folder) / re.match(r"log: (\S+) ", closing[1])[1]).read_text()
    if not stack or "syscall=" not in closing[0] or place not in stack[1] or place not in log:
        raise Failure(f"expected a system call, with {place} in its stack\n{answer.shown}\n{log}")
    for target in CLEAN:
        demand_clean(stress(target, CLEAN_SECONDS))


def rules_of(source):
    return re.search(r"rule: +(.*)$", Path(source).read_text(), re.MULTILINE)[1].split(" or ")


def rule_found(answer, rules):
    found = re.search(r"^finding: (R\d\d) ", answer.stdout, re.MULTILINE)
    return found[1] if found and found[1] in rules else rules[0]


def check_explore(program, rules, module, seed, options, folder):
    """Found from the first seed; under its rule and small from one of some, for that is a search of its own."""
    closing = [None, "none under the rule"]
    for tried in range(seed, seed + SEEDS):
        answer = run(program, ["explore", "--target", module, "--seed", str(tried)] + options, folder)
        rule = rule_found(answer, rules)
        if answer.returncode == 1 and f"finding: {rule} " not in answer.stdout:
            continue  # a bug may break another rule as well, and sooner
        if tried > seed and answer.returncode == 0:
            continue
        closing = demand_finding(answer, rule)
        size = re.search(r"\((\d+) ops, (\d+) interrupts, (\d+) switches, from \d+ ops\)$", closing[1])
        ops, interrupts, switches = map(int, size.groups())
        if ops <= OPS_MOST and interrupts + switches <= DEPARTURES_MOST:
            break
    else:
        raise Failure(f"expected at most {OPS_MOST} operations and {DEPARTURES_MOST} departures: {closing[1]}")
    for _ in range(2):
        demand_finding(run(program, shlex.split(closing[2].removeprefix("reproduce: labyrinth ")), folder), rule)


def check_clean(program, folder):
    """Once for all that are explored: what is asked has nothing to do with a canary."""
    for target in CLEAN:
        demand_clean(run(program, ["explore", "--target", target, "--seed", "1", "--schedules", str(CLEAN_SCHEDULES)],
                         folder))


def check_race(program, rule, module, options, folder):
    """Found in race mode and replayed as it was, and without race mode there is nothing to be found."""
    def explore(target, *more):
        return run(program, ["explore", "--target", target, "--seed", "1", *options, *more], folder)

    closing = demand_finding(explore(module, "--race"), rule)
    again = run(program, shlex.split(closing[2].removeprefix("reproduce: labyrinth ")) + ["--no-lanes"], folder)
    # memory of a target's own lies elsewhere in each process
    if re.sub("0x[0-9a-f]+", "", demand_finding(again, rule)[0]) != re.sub("0x[0-9a-f]+", "", closing[0]):
        raise Failure(f"expected the same once more\n{again.shown}")
    demand_clean(explore(module))
    for target in CLEAN:
        demand_clean(explore(target, "--race"))


def check(program, rule, module, way, rest, folder):
    if way == "replay":
        check_replay(program, rule, module, str(Path(rest[0]).resolve(strict=True)), folder)
    elif way == "explore":
        check_explore(program, rules_of(rule), module, int(rest[0]), rest[1:], folder)
    elif way == "trap":
        check_trap(program, rule, module, rest, folder)
    elif way == "race":
        check_race(program, rule, module, rest, folder)
    else:
        check_stress(program, rule, module, str(Path(rest[0]).resolve(strict=True)), rest[1:], folder)


def main():
    program = str(Path(sys.argv[1]).resolve(strict=True))  # it runs elsewhere
    with tempfile.TemporaryDirectory() as folder:
        try:
            if sys.argv[2:] == ["clean"]:
                check_clean(program, folder)
            else:
                rule, module, way, *rest = sys.argv[2:]
                check(program, rule, str(Path(module).resolve(strict=True)), way, rest, folder)
        except Failure as failure:
            print(failure)
            return 1
    print(f"as expected; clean: {', '.join(CLEAN)}")
    return 0


sys.exit(main())
