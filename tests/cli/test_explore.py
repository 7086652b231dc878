#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""explore, minimize and replay: a seeded bug becomes a small artifact that replays; clean targets end clean."""
import json
import os
import re
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, FINDING, USAGE, run, start

NONDETERMINISM = 4
LOST_UPDATE = os.environ["LOST_UPDATE"]

PAIR = """machine frames=64 cpus=2 order-max=3
zone normal frames=0+64 min=4 low=5 high=6 reserve=0
task a cpu=0 { s0 = alloc kernel 0; free s0; }
task b cpu=1 { s0 = alloc kernel 0; free s0; }
"""

# Much that does not matter around one allocation that an interrupt has to cut in two.
LONG = """machine frames=64 cpus=2 order-max=3
zone normal frames=0+64 min=4 low=5 high=6 reserve=0
task a cpu=0 { s0 = alloc nowait 0; touch s0; free s0; s1 = alloc nowait 0; touch s1; s2 = alloc nowait 0; free s1; }
task b cpu=1 { s0 = alloc nowait 0; touch s0; s3 = alloc nowait 0; free s0; free s3; }
hardirq rx cpu=0 { p0 = alloc atomic 0; touch p0; }
softirq tx cpu=1 { p0 = alloc atomic 0; free p0; }
"""


class Explore(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.pair = self.root / "pair.scn"
        self.pair.write_text(PAIR)
        self.long = self.root / "long.scn"
        self.long.write_text(LONG)

    def records(self, *args, code=CLEAN):
        answer = run("explore", "--format", "jsonl", *map(str, args), cwd=self.root)
        self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()], answer.stderr

    def test_a_small_scenario_is_exhausted(self):
        single = self.root / "single.scn"
        single.write_text(PAIR.replace(" free s0;", ""))
        for target, path in (("core", single), ("locked", self.pair)):
            with self.subTest(target=target):
                records, _ = self.records("--strategy", "dpor", "--time", "60s", "--target", target, path)
                scenario, end = records[1], records[2]
                self.assertTrue(scenario["complete"])
                self.assertRegex(scenario["searched"], r"^exhausted: \d+ schedules, \d+ of them cut short")
                self.assertEqual(end["complete"], 1)

    def test_bounds_tell_their_counts(self):
        records, _ = self.records("--strategy", "bound", "--preemptions", "1", self.pair)
        self.assertRegex(records[1]["searched"], r"^0 preempted: 2, 1 preempted: \d+$")

    def test_a_seed_tells_the_same_again(self):
        ends = [self.records("--seed", "7", "--schedules", "3000")[0][-1] for _ in range(2)]
        for name in ("scenarios", "schedules", "traces", "unseen"):
            self.assertEqual(ends[0][name], ends[1][name])

    def find(self, *args):
        answer = run("explore", "--target", LOST_UPDATE, "--seed", "1", *map(str, args), cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        finding, artifact, reproduce = re.search(r"^(finding: .*)\n(artifact: .*)\n(reproduce: .*)$", answer.stdout,
                                                 re.MULTILINE).groups()
        self.assertIn("R01 double-ownership", finding)
        return artifact, reproduce

    def test_a_finding_is_small_and_replays(self):
        for strategy in ("auto", "irq", "random", "pct", "pos", "surw", "bound"):
            with self.subTest(strategy=strategy):
                artifact, reproduce = self.find("--strategy", strategy, "--schedules", "200000", self.long)
                ops, interrupts, switches, before = map(int, re.search(
                    r"\((\d+) ops, (\d+) interrupts, (\d+) switches, from (\d+) ops\)", artifact).groups())
                self.assertEqual((ops, interrupts, switches, before), (2, 1, 0, 16))
                for _ in range(3):
                    answer = run(*reproduce.split()[2:], cwd=self.root)
                    self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
                    self.assertEqual(answer.stderr, "")

    def test_a_finding_ends_what_is_printed(self):
        answer = run("explore", "--target", LOST_UPDATE, "--seed", "1", str(self.long), cwd=self.root)
        self.assertEqual([line.split(":")[0] for line in answer.stdout.splitlines()[-3:]],
                         ["finding", "artifact", "reproduce"])

    def test_lanes_tell_who_came_in_where(self):
        _, reproduce = self.find(self.long)
        lines = run("replay", "--lanes", reproduce.split()[-1], cwd=self.root).stdout.splitlines()
        self.assertRegex(lines[0], r"^ +task a, cpu 0 +(hardirq rx|softirq tx), cpu 0 *$|^ +task b, cpu 1 +softirq tx")
        steps = [line for line in lines if re.match(r" +\d+ ", line)]
        self.assertEqual(sum("comes in over" in step for step in steps), 1)
        self.assertEqual(sum(" = alloc " in step for step in steps), 2)

    def test_another_target_diverges(self):
        _, reproduce = self.find(self.long)
        answer = run("replay", "--target", "core", reproduce.split()[-1], cwd=self.root)
        self.assertEqual(answer.returncode, NONDETERMINISM, answer.stdout + answer.stderr)
        self.assertRegex(answer.stderr, r"diverged at event \d+ of ")
        self.assertNotIn("finding: R", answer.stdout)

    def test_minimize_takes_any_form(self):
        # one of the places of the interrupt is between a count and its mask
        for at in range(1, 40):
            text = self.root / "at.scn"
            text.write_text(LONG + f"schedule rx@a:{at}\n")
            if run("replay", "--target", LOST_UPDATE, str(text), cwd=self.root).returncode == FINDING:
                break
        answer = run("minimize", "--target", LOST_UPDATE, str(text), "-o", "small.lab", cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertIn("artifact: small.lab (2 ops, ", answer.stdout)
        self.assertEqual(run("replay", "small.lab", cwd=self.root).returncode, FINDING)

    def test_minimize_wants_a_finding(self):
        answer = run("minimize", str(self.pair), cwd=self.root)
        self.assertEqual(answer.returncode, USAGE)
        self.assertIn("breaks no rule", answer.stderr)

    def test_from_a_corpus(self):
        corpus = self.root / "corpus"
        corpus.mkdir()
        (corpus / "a.scn").write_text(PAIR)
        (corpus / "raw").write_bytes(bytes(range(200)))
        records, _ = self.records("--from", corpus, "--strategy", "random", "--schedules", "5000")
        self.assertEqual([record["file"] for record in records if record["kind"] == "scenario"],
                         [str(corpus / "a.scn"), str(corpus / "raw")])

    def test_interrupted_ends_cleanly(self):
        program = start("explore", "--time", "60s", "--seed", "1", cwd=self.root)
        self.assertIn("options", program.stdout.readline())
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=30)
        self.assertEqual(program.returncode, CLEAN)
        self.assertIn("schedules_per_second", out)


if __name__ == "__main__":
    unittest.main()
