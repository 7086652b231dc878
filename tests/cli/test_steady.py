#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same again, at any address; another code told apart; and what may go wrong on the way, told by name."""
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from program import CLEAN, FINDING, HARNESS, PATH, USAGE, run, start

NONDETERMINISM = 4
STRATEGIES = ("auto", "bound", "irq", "random", "pct", "pos", "surw", "dpor")
LOST_UPDATE = os.environ["LOST_UPDATE"]
CANARIES = Path(os.environ["CANARIES"])  # hooked
CORE = os.environ["CORE_MODULE"]

PAIR = """machine frames=64 cpus=2 order-max=3
zone normal frames=0+64 min=4 low=5 high=6 reserve=0
task a cpu=0 { s0 = alloc nowait 0; touch s0; free s0; s1 = alloc nowait 0; }
hardirq rx cpu=0 { p0 = alloc atomic 0; touch p0; }
"""


class Steady(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.pair = self.root / "pair.scn"
        self.pair.write_text(PAIR)

    def end_of(self, *args):
        answer = run("explore", "--format", "jsonl", *args, cwd=self.root)
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        end = json.loads(answer.stdout.splitlines()[-1])
        return {name: end[name] for name in end if not name.startswith(("seconds", "schedules_per"))}

    def find(self, target, *args):
        answer = run("explore", "--target", str(target), "--seed", "1", *args, cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        return next(line.split()[1] for line in answer.stdout.splitlines() if line.startswith("artifact: "))

    # each process lies at other addresses
    def test_a_seed_makes_the_same_runs(self):
        for strategy in STRATEGIES:
            with self.subTest(strategy=strategy):
                ends = [self.end_of("--strategy", strategy, "--seed", "7", "--schedules", "600") for _ in range(3)]
                self.assertEqual(ends[0], ends[1])
                self.assertEqual(ends[0], ends[2])
        first, second = (self.end_of("--seed", seed, "--schedules", "600")["event_hash"] for seed in ("7", "8"))
        self.assertNotEqual(first, second)

    def test_artifacts_replay_every_time(self):
        found = [("r14-refill-remainder",), ("r07-sleep-when-short",), ("r01-lost-update", str(self.pair))]
        for canary, *args in found:
            with self.subTest(canary=canary):
                path = self.find(CANARIES / f"{canary}.so", *args)
                answer = run("replay", "--no-lanes", "--times", "25", path, cwd=self.root)
                self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
                self.assertRegex(answer.stdout, r"\n +replayed +25 of 25\n")
                self.assertEqual(answer.stderr, "")

    def test_another_build_diverges_and_claims_nothing(self):
        path = self.find(CANARIES / "r14-refill-remainder.so")
        for target in (CORE, str(CANARIES / "r10-stranded-cpu.so")):
            answer = run("replay", "--target", target, path, cwd=self.root)
            self.assertEqual(answer.returncode, NONDETERMINISM, answer.stdout + answer.stderr)
            self.assertNotIn("finding: ", answer.stdout)
            self.assertRegex(answer.stderr, r"labyrinth: replay: .*: (diverged |expected R14 accounting, got )")

    def test_a_schedule_of_another_build_is_told_by_its_event(self):
        path = self.find(CANARIES / "r01-lost-update.so", "--strategy", "irq", str(self.pair))
        answer = run("replay", "--target", CORE, path, cwd=self.root)
        self.assertEqual(answer.returncode, NONDETERMINISM, answer.stdout + answer.stderr)
        self.assertNotIn("finding: ", answer.stdout)
        self.assertRegex(answer.stderr, r"diverged at event \d+ of a, where rx came in: .*: the code is another than")

    def test_minimize_leaves_the_file_and_keeps_the_rule(self):
        path = self.root / self.find(LOST_UPDATE, str(self.pair))
        before = path.read_bytes()
        answer = run("minimize", str(path), cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertEqual(path.read_bytes(), before)
        answer = run("replay", f"{path}.min.lab", cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertIn("finding: R01 ", answer.stdout)

    def test_a_broken_file_of_a_corpus_is_passed_over(self):
        corpus = self.root / "corpus"
        corpus.mkdir()
        (corpus / "a.lab").write_bytes(b"\x89LAB\r\n\x1a\n\x01")
        (corpus / "b.scn").write_text(PAIR.replace("free s0", "fly s0"))
        (corpus / "c.scn").write_text(PAIR)
        (corpus / "0").symlink_to("nowhere")
        args = ["--strategy", "random", "--schedules", "300", "--format", "jsonl"]
        answer = run("explore", "--from", str(corpus), *args, cwd=self.root)
        self.assertEqual(answer.returncode, USAGE, answer.stdout + answer.stderr)
        explored = [record.get("file") for record in map(json.loads, answer.stdout.splitlines())]
        self.assertIn(str(corpus / "c.scn"), explored)
        for told in ("a.lab: version: the file ends", "b.scn:3:", "'fly'", "0: No such file"):
            self.assertIn(told, answer.stderr)
        answer = run("explore", "--from", str(corpus), "--target", LOST_UPDATE, cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        empty = self.root / "empty"
        empty.mkdir()
        answer = run("explore", "--from", str(empty), cwd=self.root)
        self.assertEqual(answer.returncode, USAGE)
        self.assertIn("expected a corpus", answer.stderr)

    def explore_into(self, folder, **more):
        answer = subprocess.run([PATH, "explore", "--target", LOST_UPDATE, "--seed", "1", "--findings", folder,
                                 str(self.pair)], text=True, capture_output=True, timeout=60, check=False,
                                cwd=self.root, **more)
        self.assertEqual(answer.returncode, HARNESS, answer.stdout + answer.stderr)
        lines = answer.stdout.splitlines()[-3:]
        self.assertTrue(lines[0].startswith("finding: R01 "), lines)
        self.assertTrue(lines[1].startswith("artifact: none ("), lines)
        self.assertEqual(lines[2], "reproduce: the same command with --seed 1")
        return answer.stderr

    def test_a_finding_that_cannot_be_written_is_told(self):
        self.assertIn("No such file or directory", self.explore_into("no/such/folder"))
        (self.root / "file").write_text("")
        self.assertIn("Not a directory", self.explore_into("file"))
        full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        self.assertIn("File too large", self.explore_into("findings", preexec_fn=full))
        self.assertEqual(list(self.root.glob("findings/*")), [])

    def test_what_cannot_be_minimized_is_told(self):
        path = self.root / self.find(LOST_UPDATE, str(self.pair))
        damaged = self.root / "damaged.lab"
        damaged.write_bytes(path.read_bytes()[:-20])
        for args, told, code in (([damaged], "damaged.lab: choices: ", USAGE),
                                 ([self.root / "none.lab"], "none.lab: No such file", USAGE),
                                 (["--target", "./gone.so", path], "--target: ", USAGE),
                                 ([path, "-o", "no/such/out.lab"], "no/such/out.lab: No such file", HARNESS),
                                 (["--cpu-limit", "1ms", path], "--cpu-limit: '1ms': expected a time", USAGE)):
            answer = run("minimize", *map(str, args), cwd=self.root)
            self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
            self.assertIn(told, answer.stderr)

    def test_interrupted_with_findings_lists_them(self):
        program = start("explore", "--target", LOST_UPDATE, "--keep-going", "--time", "60s", "--seed", "1",
                        cwd=self.root)
        while "finding: " not in program.stderr.readline():
            pass
        program.send_signal(signal.SIGTERM)
        out, _ = program.communicate(timeout=60)
        self.assertEqual(program.returncode, FINDING)
        self.assertIn("\nexplore\n", out)
        self.assertIn("\nfinding: R01 ", out)

    def test_no_process_is_left_behind(self):
        program = start("explore", "--time", "60s", "--seed", "1", cwd=self.root)
        self.assertIn("options", program.stdout.readline())
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children")
        while not (child := children.read_text().split()):
            time.sleep(0.01)
        program.kill()
        program.communicate(timeout=60)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child[0]}").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(Path(f"/proc/{child[0]}").exists())


if __name__ == "__main__":
    unittest.main()
