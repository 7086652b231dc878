#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Behaves as a libFuzzer binary does, as $FAKE says, so that the runner is tested without a fuzz build.

With -merge=1 it keeps the files of the corpus that are no copies. seed: ends at once while an input of the corpus
crashes. fills: leaves an input that breaks R01, and fills the disk. slowly: leaves an input after a second, and goes on.

clean: runs its time. finding: leaves an input that breaks R01 and ends, as libFuzzer does; in fork mode two more and one
that crashes, and goes on. flaky: leaves an input that does
not crash again. dies: ends at once. stubborn: ignores SIGINT and SIGTERM, and so does its own child."""
import os
import signal
import subprocess
import sys
import time

FAKE = os.environ["FAKE"]


def replay(path):
    with open(path, encoding="latin-1") as file:
        text = file.read()
    if text.startswith("R01"):
        print("noise before\nfinding: R01 double-ownership block=frame 64 order 0 owners=a, b", file=sys.stderr)
        sys.stderr.flush()
        os.abort()
    if text.startswith("crash"):
        print("SUMMARY: AddressSanitizer: heap-use-after-free x.c:1 in f", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def merge(to, corpus):
    seen = set()
    for name in sorted(os.listdir(corpus)):
        with open(os.path.join(corpus, name), "rb") as file:
            content = file.read()
        if content not in seen and not content.startswith((b"R01", b"crash")):
            with open(os.path.join(to, name), "wb") as file:
                file.write(content)
        seen.add(content)
    sys.exit(0)


def crashing(corpus):
    for name in os.listdir(corpus):
        with open(os.path.join(corpus, name), "rb") as file:
            if file.read().startswith(b"R01"):
                return True
    return False


def fuzz(options, folders):
    end = time.monotonic() + float(options["-max_total_time"])
    prefix = options["-artifact_prefix"]
    if FAKE == "dies":
        print("cannot start")
        sys.exit(1)
    if FAKE == "stubborn":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        with open(os.environ["PIDS"], "w", encoding="ascii") as file:
            file.write(f"{os.getpid()} {child.pid}\n")
        end += 600
    if FAKE == "seed" and crashing(folders[0]):
        print("a seed crashes")
        sys.exit(3)
    if FAKE == "fills":
        with open(f"{prefix}crash-fills", "w", encoding="ascii") as file:
            file.write("R01 fills")
        try:
            with open(f"{prefix}filling", "wb") as file:
                while True:
                    file.write(bytes(1 << 20))
        except OSError:
            pass
    if FAKE == "slowly":
        with open(os.environ["PIDS"], "a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        with open(f"{prefix}crash-slowly", "w", encoding="ascii") as file:
            file.write("R01 slowly")
    fork_mode = "-fork" in options
    found = ["R01", "R01 longer", "crash"] if fork_mode else ["R01 long"]
    inputs = {"finding": found, "flaky": ["fine now"]}.get(FAKE, [])
    for number, text in enumerate(inputs):
        with open(f"{prefix}crash-{fork_mode}-{number}", "w", encoding="ascii") as file:
            file.write(text)
    if inputs and not fork_mode:
        print("#1\tNEW    cov: 12 ft: 34 corp: 5/99b lim: 4 exec/s: 0 rss: 1Mb")
        sys.exit(77)
    runs = 0
    while time.monotonic() < end:
        runs += 1000
        print(f"#{runs}: cov: 12 ft: 34 corp: 5 exec/s: 1000 oom/timeout/crash: 0/0/{len(inputs)} time: 1s job: 1",
              flush=True)
        time.sleep(0.1)
    print(f"stat::number_of_executed_units: {runs}")


arguments = sys.argv[1:]
if arguments and not arguments[0].startswith("-"):
    replay(arguments[0])
paths = [a for a in arguments if not a.startswith("-")]
if "-merge=1" in arguments:
    merge(*paths)
fuzz(dict(a.split("=", 1) for a in arguments if a.startswith("-")), paths)
