#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From stress to sim: what threads break comes back as a small artifact that replays, or honestly as a log."""
import json
import os
import re
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, FINDING, USAGE, run, start

# Of the many runs that crash here, each would be told with names, which takes a sanitizer a while.
os.environ.setdefault("ASAN_OPTIONS", "symbolize=0")

NO_ANSWER = 5
LOST_UPDATE = os.environ["LOST_UPDATE"]
HOOKED = os.environ["LOST_UPDATE_HOOKED"]
SLOW = os.environ["SLOW_TARGET_FILE"]
# It asks for its CPU time, which is a system call.
SLOW_MAY = ("--sleep-check", "off")

WINDOW = """machine frames=1024 cpus=1 order-max=9
zone normal frames=0+1024 min=32
task t cpu=0 { s0 = alloc kernel 0; touch s0; free s0; s0 = alloc kernel 0; s1 = alloc kernel 0; free s0; }
hardirq rx-1 cpu=0 { s0 = alloc atomic 0; give s0 t; }
hardirq rx-2 cpu=0 { s0 = alloc atomic 0; s1 = alloc atomic 0; touch s0; }
"""


class Hunt(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.json = self.root / "out.json"
        self.window = self.root / "window.scn"
        self.window.write_text(WINDOW)

    def stress_arguments(self, target, *more):
        return ["stress", "--target", target, "--workload", "nic_rx", "--threads", "2", "--irq", "10000", "--seed", "1",
                "--json", str(self.json), *more]

    def stress(self, target, *more, duration="20s"):
        return run(*self.stress_arguments(target, "--duration", duration, *more), cwd=self.root)

    def closing(self, answer, label):
        lines = answer.stdout.splitlines()[-3:]
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertTrue(lines[0].startswith("finding: "), answer.stdout)
        self.assertTrue(lines[1].startswith(label + ": findings/"), answer.stdout)
        self.assertTrue(lines[2].startswith("reproduce: labyrinth "), answer.stdout)
        return lines

    def demand_artifact(self, answer, rule="R01"):
        finding, artifact, reproduce = self.closing(answer, "artifact")
        path, ops = re.match(r"artifact: (\S+) \((\d+) ops, ", artifact).groups()
        self.assertTrue(finding.startswith(f"finding: {rule} "), finding)
        self.assertLessEqual(int(ops), 8)
        again = run(*reproduce.removeprefix("reproduce: labyrinth ").split(), cwd=self.root)
        self.assertEqual(again.returncode, FINDING, again.stdout + again.stderr)
        self.assertIn(f"finding: {rule} ", again.stdout)
        return self.root / path

    def test_what_threads_break_comes_back_as_an_artifact(self):
        answer = self.stress(LOST_UPDATE, "--hooked", HOOKED)
        path = self.demand_artifact(answer)
        verdict = json.loads(self.json.read_text())["verdict"]
        self.assertEqual((verdict["clean"], verdict["rule"]), (False, "R01"))
        self.assertEqual(self.root / verdict["artifact"], path)
        log = (self.root / verdict["log"]).read_text()
        self.assertIn("The last events of each thread.", log)
        self.assertIn("reproduce: labyrinth stress ", log)
        shown = run("show", verdict["events"], cwd=self.root)
        self.assertEqual(shown.returncode, CLEAN, shown.stderr)
        lanes = run("replay", "--lanes", str(path))
        self.assertRegex(lanes.stdout, r"task-\d")

    def test_one_hooked_file_serves_both_engines(self):
        self.demand_artifact(self.stress(HOOKED))

    def test_a_crash_comes_back_too(self):
        self.demand_artifact(self.stress(os.environ["HARM_LIVE_CRASH"]), "R00")

    def test_the_file_beside_the_log_can_be_hunted_again(self):
        answer = self.stress(LOST_UPDATE, "--hunt", "0")
        log = self.closing(answer, "log")[1]
        self.assertNotIn("schedule", log)
        self.assertNotIn("hunt_options", answer.stdout)
        events = log.removeprefix("log: ").split(".log ")[0] + ".scn"
        again = run("hunt", "--target", HOOKED, "--rule", "R01", events, cwd=self.root)
        self.demand_artifact(again)

    def test_the_same_seed_finds_the_same(self):
        bytes_of = []
        for number in range(2):
            out = self.root / f"{number}.lab"
            answer = run("hunt", "--target", HOOKED, "--rule", "R01", "--seed", "3", "-o", str(out), str(self.window),
                         cwd=self.root)
            self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
            bytes_of.append(out.read_bytes())
        self.assertEqual(*bytes_of)

    def test_another_rule_is_no_answer_but_is_kept(self):
        answer = run("hunt", "--target", HOOKED, "--rule", "R09", "--time", "1s", "--format", "jsonl",
                     str(self.window), cwd=self.root)
        self.assertEqual(answer.returncode, NO_ANSWER, answer.stdout + answer.stderr)
        end = json.loads(answer.stdout.splitlines()[-1])
        self.assertEqual((end["kind"], end["found"], end["other"]), ("hunt", False, "R01"))
        self.assertEqual(len(list(self.root.glob("findings/R01-*.lab"))), 1)

    def test_a_clean_target_gives_no_answer(self):
        for target in ("core", "locked"):
            answer = run("hunt", "--target", target, "--rule", "R01", "--time", "1s", str(self.window), cwd=self.root)
            self.assertEqual(answer.returncode, NO_ANSWER, answer.stdout + answer.stderr)
        self.assertFalse((self.root / "findings").exists())

    def test_what_no_schedule_shows_is_told_as_a_log(self):
        # thousands of variations, some of which ask for more memory than there is
        answer = self.stress(SLOW, *SLOW_MAY, "--watchdog", "200ms", "--hunt", "4s")
        lines = self.closing(answer, "log")
        self.assertTrue(lines[0].startswith("finding: R09 "), lines)
        self.assertIn("; no schedule that shows it was found)", lines[1], answer.stderr)
        self.assertIn("labyrinth stress ", lines[2])
        verdict = json.loads(self.json.read_text())["verdict"]
        self.assertEqual((verdict["rule"], verdict.get("artifact")), ("R09", None))
        self.assertTrue((self.root / verdict["log"]).exists())

    def test_a_crash_leaves_time_for_the_hunt(self):
        os.environ["SLOW_TARGET"] = "crash"
        self.addCleanup(os.environ.pop, "SLOW_TARGET")
        answer = self.stress(SLOW, *SLOW_MAY, "--hunt", "1s")
        lines = self.closing(answer, "log")
        self.assertTrue(lines[0].startswith("finding: R00 "), lines)
        self.assertIn("; no schedule that shows it was found)", lines[1], answer.stderr)

    def test_sigint_ends_the_hunt_with_what_is_known(self):
        program = start(*self.stress_arguments(SLOW, *SLOW_MAY, "--watchdog", "200ms", "--duration", "20s",
                                               "--hunt", "10m"), cwd=self.root)
        line = ""
        while "looking for a schedule" not in line:
            line = program.stderr.readline()
            self.assertTrue(line, "the hunt has begun")
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
        self.assertEqual(program.returncode, FINDING, out + err)
        self.assertTrue(out.splitlines()[-2].startswith("log: findings/R09-"), out)

    def test_usage(self):
        for arguments, words in (
            ([], ["--rule", "''", "labyrinth rules"]),
            (["--rule", "R99", "x.scn"], ["--rule", "'R99'"]),
            (["--rule", "R01"], ["''", "expected one file"]),
            (["--rule", "R01", "a.scn", "b.scn"], ["'b.scn'", "expected one file"]),
            (["--rule", "R01", "--time", "0", "a.scn"], ["--time", "'0'"]),
            (["--rule", "R01", "--target", "nosuch", "a.scn"], ["--target", "nosuch"]),
            (["--rule", "R01", "nosuch.scn"], ["nosuch.scn", "No such file"]),
        ):
            answer = run("hunt", *arguments, cwd=self.root)
            self.assertEqual(answer.returncode, USAGE, answer.stdout + answer.stderr)
            for word in words:
                self.assertIn(word, answer.stderr)
        for option, value in (("--hunt", "soon"), ("--hooked", "./nosuch.so")):
            answer = run("stress", option, value, cwd=self.root)
            self.assertEqual(answer.returncode, USAGE)
            self.assertIn(option, answer.stderr)
            self.assertIn(value, answer.stderr)


if __name__ == "__main__":
    unittest.main()
