#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The runner of fuzz campaigns: verdicts, the folder, resuming, SIGINT and kill -9."""
import json
import os
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

from program import CLEAN, FINDING, HARNESS, run, start

NONDETERMINISM = 4


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Fuzz(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.build = self.root / "build"
        (self.build / "fuzz").mkdir(parents=True)
        shutil.copy(Path(__file__).parent / "fake_fuzzer.py", self.build / "fuzz" / "fuzz_text")
        self.dir = self.root / "campaign"

    def arguments(self, seconds):
        return ["fuzz", "--time", f"{seconds}s", "--dir", str(self.dir), "--fuzz-build", str(self.build), "fuzz_text"]

    def fuzz(self, fake, seconds=1):
        os.environ["FAKE"] = fake
        return run(*self.arguments(seconds))

    def status(self):
        return json.loads((self.dir / "status.json").read_text())

    def test_clean(self):
        answer = self.fuzz("clean")
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertIn("seed=1", answer.stderr)
        self.assertRegex(answer.stdout, r"\Afuzz_text under libfuzzer against core: \d+000 runs in \d+ s, "
                                        r"corpus 5, edges 12: clean\n\Z")
        self.assertEqual(self.status()["state"], "done")
        campaign = json.loads((self.dir / "campaign.json").read_text())
        self.assertEqual((campaign["fuzzer"], campaign["engine"], campaign["target"], campaign["seed"]),
                         ("fuzz_text", "libfuzzer", "core", 1))

    def test_findings_are_sorted_by_rule(self):
        answer = self.fuzz("finding", 4)
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        folders = sorted(p.name for p in (self.dir / "findings").iterdir())
        self.assertEqual([name[:4] for name in folders], ["R00-", "R01-"])
        self.assertEqual((self.dir / "findings" / folders[1] / "input").read_text(), "R01")
        closing = (self.dir / "findings" / folders[1] / "README").read_text()
        lines = closing.splitlines()
        self.assertEqual(lines[0], "finding: R01 double-ownership block=frame 64 order 0 owners=a, b")
        self.assertTrue(lines[1].endswith(f"findings/{folders[1]}/input (3 bytes, from 3 inputs)"), lines[1])
        self.assertTrue(lines[2].startswith("reproduce: "), lines[2])
        self.assertIn(closing, answer.stdout)
        self.assertIn("heap-use-after-free x.c:1 in f", answer.stdout)
        self.assertIn(": 2 findings\n", answer.stdout)
        self.assertTrue(answer.stdout.splitlines()[-3].startswith("finding: "), answer.stdout)
        again = self.fuzz("finding", 4)
        self.assertEqual(again.returncode, FINDING, again.stderr)
        self.assertEqual(sorted(p.name for p in (self.dir / "findings").iterdir()), folders)

    def test_a_crash_that_does_not_replay(self):
        answer = self.fuzz("flaky")
        self.assertEqual(answer.returncode, NONDETERMINISM, answer.stderr)
        self.assertEqual((self.dir / "findings" / "unreplayed-1" / "input").read_text(), "fine now")

    def test_an_engine_that_dies(self):
        answer = self.fuzz("dies", 5)
        self.assertEqual(answer.returncode, HARNESS, answer.stdout)
        self.assertIn("log/libfuzzer0.log", answer.stderr)
        self.assertIn("cannot start", (self.dir / "log" / "libfuzzer0.log").read_text())

    def test_no_build(self):
        shutil.rmtree(self.build)
        answer = self.fuzz("clean")
        self.assertEqual(answer.returncode, HARNESS)
        self.assertIn("./lab build", answer.stderr)
        self.assertFalse(self.dir.exists())

    def test_sigint_ends_with_the_summary(self):
        os.environ["FAKE"] = "clean"
        program = start(*self.arguments(60))
        self.assertTrue(wait_until((self.dir / "log" / "libfuzzer0.log").exists))
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
        self.assertEqual(program.returncode, CLEAN, err)
        self.assertTrue(out.endswith(": clean\n"), out)
        self.assertEqual(self.status()["state"], "stopped")

    def start_stubborn(self):
        os.environ["FAKE"] = "stubborn"
        pids = self.root / "pids"
        os.environ["PIDS"] = str(pids)
        program = start(*self.arguments(60))
        self.assertTrue(wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2))
        return program, [int(pid) for pid in pids.read_text().split()]

    def test_kill_9_takes_the_children_along(self):
        program, pids = self.start_stubborn()
        self.assertTrue(all(alive(pid) for pid in pids))
        program.kill()
        program.communicate(timeout=20)
        self.assertTrue(wait_until(lambda: not any(alive(pid) for pid in pids)), "children outlived the program")
        json.loads((self.dir / "campaign.json").read_text())
        self.assertEqual([p.name for p in self.dir.iterdir() if p.name.endswith(".tmp")], [])

    def test_sigint_takes_stubborn_children_along(self):
        program, pids = self.start_stubborn()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
        self.assertTrue(wait_until(lambda: not any(alive(pid) for pid in pids)), "children outlived the program")


if __name__ == "__main__":
    unittest.main()
