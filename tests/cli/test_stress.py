#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stress: the JSON document, SIGINT and kill -9 at any moment."""
import json
import os
import re
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

from program import CLEAN, FINDING, run, start

LEVELS = ("softirq", "hardirq", "nmi")


class Stress(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.json = self.root / "out.json"

    def arguments(self, *more):
        return ["stress", "--threads", "2", "--json", str(self.json), "--findings", str(self.root / "findings"), *more]

    def test_document(self):
        answer = run(*self.arguments("--duration", "1s", "--seed", "7", "--workload", "mixed"))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        document = json.loads(self.json.read_text())
        self.assertEqual(document["options"]["seed"], 7)
        self.assertTrue(document["verdict"]["clean"])
        self.assertGreater(document["operations"]["total"], 0)
        for level in LEVELS:
            self.assertGreater(document["interrupts"][level], 0, level)
        for zone in ("dma", "normal"):
            for name, mark in document["reserve"][zone].items():
                if isinstance(mark, dict) and "low_water" in mark:
                    self.assertGreaterEqual(mark["low_water"], mark["floor"], (zone, name))

    def test_all_of_the_reserve_is_reached(self):
        for target in ("core", "locked"):
            answer = run(*self.arguments("--target", target, "--duration", "1s", "--workload", "strand"))
            self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
            strand = json.loads(self.json.read_text())["strand"]
            self.assertGreaterEqual(strand["reserve_frames"], 256 * strand["rounds"])
            self.assertEqual(strand["reached_frames"], strand["reserve_frames"])
            self.assertEqual(strand["reached_percent"], 100)

    def test_all_has_each_workload(self):
        listed = [json.loads(line)["name"] for line in run("workloads", "--format", "jsonl").stdout.splitlines()]
        answer = run(*self.arguments("--duration", "2s", "--format", "jsonl"))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual([r["name"] for r in records if r["kind"] == "workload"], listed)
        page = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text()
        self.assertEqual(sorted(re.findall(r"^\| `(\w+)` \|.*\|.*\|$", page, re.MULTILINE)), sorted(listed))
        self.assertEqual(len([r for r in records if r["kind"] == "verdict"]), 1)

    def test_keeps_going(self):
        answer = run("stress", "--target", os.environ["STRANDED"], "--workload", "handoff,strand,rt_control",
                     "--duration", "2s", "--hunt", "0", "--keep-going", "--format", "jsonl",
                     "--findings", str(self.root / "findings"))
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        records = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
        self.assertEqual([r["clean"] for r in records if r["kind"] == "verdict"], [True, False, True])
        self.assertEqual((records[-1]["kind"], records[-1]["findings"], records[-1]["found_by"]), ("all", 1, "strand"))

    def test_nobody_is_left_to_wake_them(self):
        answer = run("stress", "--target", os.environ["HARM_LIVE_SLEEP"], "--workload", "mixed", "--threads", "2",
                     "--duration", "20s", "--hunt", "0", "--findings", str(self.root / "findings"))
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertRegex(answer.stdout, r"finding: R09 .* nobody is left to wake it")

    def test_processes_are_killed_and_nothing_is_lost(self):
        for processes in ("2", "5"):
            answer = run("stress", "--processes", processes, "--kill", "300", "--duration", "1s", "--seed", "3", "--format",
                         "jsonl")
            self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
            told = json.loads(answer.stdout.splitlines()[-1])
            self.assertTrue(told["clean"])
            self.assertGreater(told["kills"], 0)
            self.assertGreaterEqual(told["reaps"], told["kills"])
            self.assertGreater(told["censuses"], 0)
            self.assertGreater(told["ops"], 1000)

    def test_processes_need_their_options(self):
        for arguments, expected in ((["--kill", "5"], "--kill: '5': expected --processes beside it"),
                                    (["--processes", "1"], "--processes"),
                                    (["--processes", "2", "--target", "locked"], "expected the target core")):
            answer = run("stress", *arguments)
            self.assertEqual(answer.returncode, 2, arguments)
            self.assertIn(expected, answer.stderr)

    def test_options_come_first(self):
        answer = run(*self.arguments("--ops", "100", "--seed", "9", "--format", "jsonl"))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        first = json.loads(answer.stdout.splitlines()[0])
        self.assertEqual((first["kind"], first["seed"]), ("options", 9))

    def test_every_workload_at_4_and_32_threads(self):
        """The short form of what ./lab soak does for hours."""
        source = "inject" if os.environ["SANITIZER"] == "thread" else "timer"  # whose runtime delays signals
        for target in ("core", "locked"):
            for threads in ("4", "32"):
                answer = run(*self.arguments("--workload", "all", "--target", target, "--threads", threads,
                                             "--irq-source", source, "--duration", "1s"), timeout=100)
                self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
                document = json.loads(self.json.read_text())
                self.assertEqual((document["options"]["target"], document["options"]["threads"]), (target, int(threads)))
                self.assertTrue(document["verdict"]["clean"])
                self.assertTrue(all(w["operations"] > 0 for w in document["workload"]), document["workload"])

    def test_sigint_ends_with_the_summary(self):
        program = start(*self.arguments("--duration", "60s", "--format", "jsonl"))
        time.sleep(1.5)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
        self.assertEqual(program.returncode, CLEAN, out + err)
        verdict = json.loads(out.splitlines()[-1])
        self.assertEqual((verdict["kind"], verdict["clean"], verdict["stopped_early"]), ("verdict", True, True))
        self.assertTrue(json.loads(self.json.read_text())["verdict"]["stopped_early"])

    def test_kill_9_leaves_no_broken_file(self):
        self.json.write_text('{"from": "before"}\n')
        for delay in (0.05, 0.4, 1.0):
            program = start(*self.arguments("--duration", "1s", "--format", "jsonl"))
            time.sleep(delay)
            program.kill()
            out, _ = program.communicate(timeout=30)
            for line in out.splitlines():
                json.loads(line)
            json.loads(self.json.read_text())


if __name__ == "__main__":
    unittest.main()
