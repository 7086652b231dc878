#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mutates the reference allocator and counts which mutants the harness kills: ./lab mutants, docs/mutants.md."""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from build import Builder, BuildError
from sites import excused_in, mutants_of
from table import print_table, summary_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STAGES = ("corpus", "given", "race", "weak", "explore", "tests")
PATIENCE_S = 600  # of a stage by the clock: a machine may be busy, and a finding is made small at any price
TEST_S = 60  # of a unit test, which takes none


def all_mutants():
    for path in sorted((ROOT / "src/core").glob("*.[ch]")):
        yield from mutants_of(path.name, path.read_text())


# What the target `core` does not reach, FILE FUNCTION STATEMENT, by way of which module: it looks on, or is for processes.
REACHED = (
    (re.compile(r"(process\.[ch]|reap\.c) |(chunk\.c lab_chunk_mend|wait\.c lab_wait_wake_all|arena\.c lab_page_owner) "
                r"|.* lab_call_(enter|leave)\("),
     "targets/shared.so"),
    (re.compile(r"(trace|holder)\.[ch] |.* lab_trace_write\("), "tests/core/traced.so"))
# Beside `core`: what the ABI lets no two do at once, and callers that name a CPU which they are not on.
ONCE, ADRIFT = "tests/core/once.so", "tests/core/adrift.so"
ONCE_SCENARIOS = ("once", "once-span", "once-spans", "once-change")
# Beside `shared`: several who join and reap at once, and threads of one process.
REAPERS = "tests/core/reapers.so"
REAPERS_SCENARIOS = ("reap", "reap-inside", "reap-reaper", "threads")


def module_of(mutant):
    return next((module for places, module in REACHED if places.match(f"{mutant.file} {mutant.function} {mutant.before}")),
                "targets/core.so")


def scenarios_in(folder, root=HERE):
    return sorted(str(path) for path in (root / folder).glob("*.scn"))


def of_core(names):
    return [str(ROOT / f"tests/core/{name}.scn") for name in names]


def digest_of(mutant):
    """Of what a result depends on and changes from day to day: the mutated file."""
    text = (ROOT / "src/core" / mutant.file).read_bytes()
    return hashlib.sha256(text + repr(mutant.key).encode()).hexdigest()[:16]


class Judge:
    """Runs what may kill a mutant, the cheapest first."""

    def __init__(self, builder, options):
        self.builder, self.seconds, self.seed = builder, options.time, options.seed
        self.program = str(builder.folder / "labyrinth")
        self.killers = Counter()  # what killed others of a file, asked first of the next
        self.stages = [s for s in STAGES if s in options.stages]
        if "race" in self.stages and not (builder.folder / "labyrinth-race").exists():
            print("mutants: race is left out: a build without labyrinth-race", file=sys.stderr)
            self.stages.remove("race")

    def run(self, command, folder, seconds):
        """(exit code or None, output, CPU seconds) of a command and its children."""
        log = folder / "log"
        with open(log, "wb") as out:
            child = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            timer = threading.Timer(seconds, lambda: os.killpg(child.pid, 9))
            timer.start()
            _, status, usage = os.wait4(child.pid, 0)
            timer.cancel()
            child.returncode = os.waitstatus_to_exitcode(status)
        code = None if child.returncode == -9 else child.returncode
        return code, log.read_text(errors="replace"), usage.ru_utime + usage.ru_stime

    def stages_of(self, mutant):
        """An order changes nothing where each load reads the newest value, and nothing of what one thread does."""
        asked = ("race", "weak", "explore") if mutant.kind == "order" else ("corpus", "given", "explore", "tests")
        return [stage for stage in self.stages if stage in asked]

    def modules_for(self, mutant):
        module = module_of(mutant)
        if module != "targets/core.so":
            return [module, REAPERS] if "shared" in module else [module]
        return [module, ADRIFT, ONCE]

    def explore(self, module, *more):
        return [self.program, "explore", "--target", str(module), "--seed", str(self.seed), "--cpu-time",
                f"{self.seconds}s", "--time", f"{12 * self.seconds}s", "--no-lanes", *more]

    def commands(self, stage, mutant, folder):
        bound = ("--strategy", "bound")
        older = [(*bound, "--memory", "c11", "--preemptions", most) for most in "23"]  # most take two, which is quick
        race = (*bound, "--race", "--memory", "sc")
        seen = ("--race",) if "race" in self.stages else ("--memory", "c11")
        name = Path(module_of(mutant)).stem
        module = folder / f"{name}.so"
        if stage == "corpus":
            return [[self.program, "replay", "--target", str(module), str(ROOT / "corpus/regress")]]
        if stage == "explore" and name == "traced":
            return []  # it drains nothing, which made-up scenarios take for a promise broken
        if stage == "explore":
            return [self.explore(module, *(seen if mutant.kind == "order" else ()))]
        if stage == "tests":
            return ([str(test)] for test in self.builder.tests(mutant, folder))
        if name != "core":
            own = scenarios_in(name)
            found = [str(ROOT / f"corpus/regress/{it}.scn") for it in ("r01-gate-opened", "r12-killed-shredding")]
            given = {"shared": scenarios_in("death", ROOT / "tests/core") + found, "traced": own}[name]
            reap = [self.explore(folder / Path(REAPERS).name, *bound, *of_core(REAPERS_SCENARIOS)),
                    *(self.explore(module, *bound, path) for path in scenarios_in("reap"))]
            return {"given": [*(reap if name == "shared" else []), self.explore(module, "--strategy", "irq", *given),
                              self.explore(module, *bound, *given)],
                    "weak": [self.explore(module, *more, path) for more in older for path in own] +
                            [self.explore(folder / Path(REAPERS).name, *more, *of_core(["reap", "reap-reaper"]))
                             for more in older if name == "shared"],
                    "race": [self.explore(module, *race, path) for path in own]}[stage]
        once, adrift = folder / Path(ONCE).name, folder / Path(ADRIFT).name
        strays = [(adrift, path) for path in scenarios_in("adrift")]
        if stage == "given":
            return [*(self.explore(module, *bound, path) for path in scenarios_in("given")),
                    self.explore(module, *bound, *scenarios_in("memory", ROOT / "tests/core")),
                    self.explore(module, *bound, *scenarios_in("weak"), *scenarios_in("race")),
                    self.explore(adrift, *bound, *scenarios_in("adrift")),
                    self.explore(once, *bound, *of_core(ONCE_SCENARIOS)),
                    # two who shred and have done with it, and then two who take up what is only marked as idle
                    self.explore(once, *bound, "--preemptions", "3", *of_core(["once-shred"]))]
        asked = [(module, path) for path in scenarios_in(stage)] + strays
        if stage == "weak":
            asked += [(once, path) for path in of_core(["once-change"])]
        return [self.explore(at, *more, path) for more in (older if stage == "weak" else [race]) for at, path in asked]

    def killed_by(self, stage, code, output):
        """The rule, or what else told; None: it lives."""
        if code == 0:
            return None
        finding = re.search(r"^finding: (R\d\d)", output, re.MULTILINE)
        if finding:
            return finding[1]
        if stage == "tests":
            return "hang" if code is None else "test"
        return {None: "hang", 3: "refused", 4: "R17"}.get(code)

    def judge(self, mutant, folder):
        record = {"outcome": "survived", "by": None, "rule": None, "cpu_s": 0.0}
        try:
            self.builder.modules(mutant, folder, self.modules_for(mutant))
        except BuildError as error:
            return {**record, "outcome": "uncompiled", "message": str(error)}
        for stage in self.stages_of(mutant):
            commands = self.commands(stage, mutant, folder)
            if stage != "tests":
                commands.sort(key=lambda command: -self.killers[mutant.file, *command[-2:]])
            for command in commands:
                patience = TEST_S if stage == "tests" else 12 * self.seconds + PATIENCE_S
                code, output, cpu_s = self.run(command, folder, patience)
                record["cpu_s"] = round(record["cpu_s"] + cpu_s, 2)
                rule = self.killed_by(stage, code, output)
                if rule:
                    self.killers[mutant.file, *command[-2:]] += 1
                    return {**record, "outcome": "killed", "by": stage, "rule": rule, "killed_cpu_s": round(cpu_s, 2)}
                if code not in (0, 5):
                    return {**record, "outcome": "failed", "message": f"{' '.join(command)}: exit {code}: {output[-500:]}"}
        return record


    def what_tells_of_none(self, mutants, folder):
        """What fails although nothing is mutated, and would kill everything; None: nothing does."""
        for mutant in {(module_of(m), m.kind == "order"): m for m in mutants}.values():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            kept = (ROOT / "src/core" / mutant.file).read_text()[mutant.start:mutant.end]
            record = self.judge(replace(mutant, text=kept), folder)
            if record["outcome"] != "survived":
                return f"{record['by']} of {module_of(mutant)}: {record['rule']}{record.get('message', '')}, see {folder}"
        shutil.rmtree(folder, ignore_errors=True)
        return None


class Results:
    """A line a mutant, so that a run that was ended goes on where it was."""

    def __init__(self, path, afresh):
        self.path, self.lock, self.known = path, threading.Lock(), {}
        if afresh:
            path.unlink(missing_ok=True)
        if path.exists():
            for line in path.read_text().splitlines():
                record = json.loads(line)
                self.known[record["digest"]] = record

    def add(self, record):
        with self.lock:
            self.known[record["digest"]] = record
            with open(self.path, "a", encoding="utf-8") as out:
                out.write(json.dumps(record) + "\n")


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="./lab mutants", description=__doc__)
    parser.add_argument("build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, metavar="DIR", help="for results and what is compiled (build/mutants)")
    parser.add_argument("--only", default="", metavar="REGEX", help="of those whose 'FILE FUNCTION KIND' matches")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, drawn by the seed")
    parser.add_argument("--time", type=int, default=10, metavar="S", help="CPU seconds of each exploration (10)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the explorations and of the order (1)")
    parser.add_argument("--stages", default=",".join(STAGES), metavar="S[,S]",
                        help="what may kill: of " + ", ".join(STAGES) + " (all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="mutants at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the whole table")
    parser.add_argument("--afresh", action="store_true", help="forget what was found before")
    parser.add_argument("--retry", action="store_true", help="once more what survived before and is not excused")
    parser.add_argument("--list", action="store_true", help="the mutants, and run none")
    parser.add_argument("--demand", type=float, default=0, metavar="PERCENT",
                        help="fail if fewer of those that are not equivalent were killed")
    options = parser.parse_args(arguments)
    options.stages = options.stages.split(",")
    for stage in options.stages:
        if stage not in STAGES:
            parser.error(f"--stages: '{stage}': expected of {', '.join(STAGES)}")
    return options


def chosen(options):
    wanted = re.compile(options.only)
    mutants = [m for m in all_mutants() if wanted.search(f"{m.file} {m.function} {m.kind}")]
    random.Random(options.seed).shuffle(mutants)  # what is done of a run that was ended is a fair sample
    return mutants[:options.sample]


def run_all(mutants, judge, results, options, folder, excused):
    def is_asked(mutant):
        known = results.known.get(digest_of(mutant))
        return not known or (options.retry and known["outcome"] == "survived" and mutant.key not in excused)

    def one(numbered):
        number, mutant = numbered
        if not is_asked(mutant):
            return
        digest = digest_of(mutant)
        work = folder / digest
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        began = time.monotonic()
        record = judge.judge(mutant, work)
        results.add({"digest": digest, "file": mutant.file, "function": mutant.function, "kind": mutant.kind,
                     "before": mutant.before, "after": mutant.after, **record})
        if record["outcome"] != "survived":
            shutil.rmtree(work, ignore_errors=True)
        how = f" by {record['by']}, {record['rule']}" if record["by"] else ""
        print(f"{number}/{len(mutants)} {mutant.file} {mutant.function} {mutant.kind}: {record['outcome']}{how}, "
              f"{record['cpu_s']:.1f} s CPU, {time.monotonic() - began:.0f} s", file=sys.stderr)

    wrong = judge.what_tells_of_none([mutant for mutant in mutants if is_asked(mutant)], folder / "unmutated")
    if wrong:
        sys.exit(f"mutants: without a mutation something tells: {wrong}")
    judge.killers.clear()
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            for _ in pool.map(one, enumerate(mutants, 1)):
                pass
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            print("mutants: stopped; the same command goes on from here", file=sys.stderr)


def main():
    options = options_of(sys.argv[1:])
    mutants = chosen(options)
    if options.list:
        for mutant in mutants:
            print(f"{mutant.file} {mutant.function} {mutant.kind}\n- {mutant.before}\n+ {mutant.after}\n")
        return 0
    folder = (options.work or options.build / "mutants").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    excused = excused_in((HERE / "equivalent.txt").read_text())
    results = Results(folder / "results.jsonl", options.afresh)
    builder = Builder(options.build.resolve(), ROOT)
    run_all(mutants, Judge(builder, options), results, options, folder, excused)
    summary = summary_of(mutants, results.known, digest_of, excused)
    print_table(summary)
    if options.json:
        options.json.write_text(json.dumps(summary, indent=1) + "\n")
    return 1 if summary["percent"] < options.demand else 0


if __name__ == "__main__":
    sys.exit(main())
