#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packaged allocators as targets: found by name, clean under stress, judged by what they promise, missed in one line."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, PATH, USAGE, built_peers, run

PACKAGES = {"jemalloc": "libjemalloc-dev", "mimalloc": "libmimalloc-dev", "tcmalloc": "libgoogle-perftools-dev",
            "mempool": "libdpdk-dev"}
# Under the floor of its class: an ordinary request with the machine all but empty.
GREEDY = """machine frames=32 cpus=1 order-max=3
zone normal frames=0+32 min=8 low=10 high=12
task t { r0 = alloc nowait 3; r1 = alloc nowait 3; r2 = alloc nowait 3; r3 = alloc nowait 3; }
"""


class Peers(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def listed(self, *options, program=PATH):
        answer = subprocess.run([program, "targets", "--format", "jsonl", *options], encoding="utf-8",
                                capture_output=True, check=True, timeout=60)
        return {r["name"]: r for r in map(json.loads, answer.stdout.splitlines())}

    def test_listed(self):
        targets = self.listed()
        self.assertEqual(list(targets), ["core", "locked", "malloc", "shared", *PACKAGES])
        for name, package in PACKAGES.items():
            if name in built_peers():
                self.assertEqual(targets[name]["caps"], "OWN_MEMORY")
                self.assertEqual(self.listed("--target", name), {name: targets[name]})
            else:
                self.assertEqual(targets[name]["summary"], f"not built: {package} was not there")

    def test_what_its_library_is(self):
        """Each answers from its own library: the program's malloc stays what it is."""
        for name in built_peers():
            answer = run("stress", "--target", name, "--duration", "300ms", "--findings", str(self.root),
                         "--format", "jsonl")
            self.assertEqual(answer.returncode, CLEAN, name + answer.stdout + answer.stderr)
            records = {r["kind"]: r for r in map(json.loads, answer.stdout.splitlines())}
            self.assertTrue(records["verdict"]["clean"], name)
            self.assertGreater(records["allocations"]["ordinary"]["succeeded"], 0, name)

    def test_no_floor_is_asked_of_them(self):
        """All of the machine in ordinary requests: the core refuses, who promised no reserve may not be told R03."""
        scenario = self.root / "greedy.scn"
        scenario.write_text(GREEDY)
        answer = run("replay", "--trace", "--target", "core", str(scenario))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        self.assertIn("no-memory", answer.stdout)
        for name in [*built_peers(), "malloc"]:
            answer = run("replay", "--trace", "--target", name, str(scenario))
            self.assertEqual(answer.returncode, CLEAN, name + answer.stdout + answer.stderr)
            self.assertNotIn("no-memory", answer.stdout, name)

    def test_absent(self):
        """A program without the folder tells the package, in one line, and goes on without."""
        lone = self.root / "labyrinth"
        os.link(PATH, lone) if os.stat(PATH).st_dev == os.stat(self.root).st_dev else shutil.copy2(PATH, lone)
        targets = self.listed(program=lone)
        for name, package in PACKAGES.items():
            self.assertEqual(targets[name]["summary"], f"not built: {package} was not there")
            answer = subprocess.run([lone, "stress", "--target", name], encoding="utf-8", capture_output=True,
                                    check=False, timeout=60)
            self.assertEqual(answer.returncode, USAGE)
            self.assertEqual(answer.stderr, f"labyrinth: stress: --target: {name}: not built: {package} was not there\n")
        answer = subprocess.run([lone, "bench", "alloc", "--quick", "--threads", "1", "--pattern", "repeat"],
                                encoding="utf-8", capture_output=True, check=True, timeout=60)
        for name, package in PACKAGES.items():
            self.assertIn(f"labyrinth: bench: left out: {name}: not built: {package} was not there\n", answer.stderr)
        self.assertNotIn("jemalloc", answer.stdout)


if __name__ == "__main__":
    unittest.main()
