#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a target does to its process or its runs is told by replay with a rule and an exit code."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

CLEAN, FINDING, USAGE, NONDETERMINISM = 0, 1, 2, 4
TEXT = ("machine frames=8 cpus=1 order-max=0\n"
        "task a cpu=0 { s0 = alloc kernel 0; s1 = alloc kernel 0; s2 = alloc kernel 0; }\n"
        "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n")


def broken(how):
    return os.environ["BROKEN_" + how.upper()]


class Replay(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.text = self.folder / "a.scn"
        self.text.write_text(TEXT, encoding="ascii")

    def replay(self, *args):
        return subprocess.run([os.environ["LABYRINTH"], "replay", *map(str, args)], text=True, capture_output=True,
                              timeout=60, check=False)

    def on(self, how, *args):
        return self.replay("--target", broken(how), *args, self.text)

    def test_clean(self):
        answer = self.on("clean")
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        self.assertEqual(answer.stderr, "")

    def test_a_finding_ends_with_three_lines(self):
        answer = self.on("twice")
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        lines = answer.stdout.splitlines()[-3:]
        self.assertTrue(lines[0].startswith("finding: R01 double-ownership "), lines)
        self.assertEqual(lines[1], f"artifact: {self.text} (4 ops, 2 contexts)")
        self.assertEqual(lines[2], f"reproduce: labyrinth replay --target {broken('twice')} {self.text}")

    def test_jsonl(self):
        answer = self.on("twice", "--format", "jsonl")
        self.assertEqual(answer.returncode, FINDING)
        record = json.loads(answer.stdout)
        self.assertEqual((record["schema"], record["kind"], record["finding"]), (1, "replay", "R01"))
        self.assertIn("finding: R01", answer.stderr)

    def test_crash(self):
        answer = self.on("crashes")
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        self.assertIn("finding: R00 ", answer.stdout)

    def test_hang(self):
        answer = self.on("hangs", "--cpu-limit", "1s")
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        self.assertIn("finding: R09 ", answer.stdout)
        self.assertIn("1 s of CPU time", answer.stdout)

    def test_runs_that_differ(self):
        answer = self.on("drifts")
        self.assertEqual(answer.returncode, NONDETERMINISM, answer.stdout + answer.stderr)
        self.assertIn("event hash", answer.stderr)

    def test_the_worst_of_several(self):
        damaged = self.folder / "b.lab"
        damaged.write_bytes(b"LAB?")
        answer = self.replay("--target", broken("twice"), self.folder)
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        self.assertIn("b.lab: magic", answer.stderr)
        self.assertEqual(self.replay("--target", broken("clean"), self.folder).returncode, USAGE)

    def test_trace_names_each_operation_and_interrupt(self):
        answer = self.on("clean", "--trace")
        for words in ("task a: s0 = alloc kernel 0: ok", "hardirq rx fires on cpu 0, over task a",
                      "hardirq rx: s0 = alloc atomic 0: ok"):
            self.assertIn(words, answer.stdout)

    def test_sequential_takes_no_interrupts(self):
        for args, fired in ((), 1), (("--sequential",), 0):
            answer = self.on("clean", *args, "--format", "jsonl")
            record = json.loads(answer.stdout.splitlines()[0])
            self.assertEqual(record["hardirqs"], fired)
        answer = self.on("twice", "--sequential", "--format", "jsonl")
        self.assertIn("reproduce: labyrinth replay --sequential --target ", answer.stderr)

    def test_cpu_limit_is_checked(self):
        answer = self.on("clean", "--cpu-limit", "10ms")
        self.assertEqual(answer.returncode, USAGE)
        self.assertIn("--cpu-limit: '10ms': expected a time from 100ms", answer.stderr)


if __name__ == "__main__":
    unittest.main()
