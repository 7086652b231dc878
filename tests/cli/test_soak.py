#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/soak.sh over a stand-in for the program: what is run, what is counted, what is kept, and how it is stopped."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOAK = HERE.parents[1] / "tools" / "soak.sh"


class Soak(unittest.TestCase):
    def setUp(self):
        self.build = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.build)
        self.log = self.build / "calls"
        for folder in (".", "asan", "tsan"):
            (self.build / folder).mkdir(exist_ok=True)
            shutil.copy2(HERE / "fake_labyrinth.sh", self.build / folder / "labyrinth")

    def start(self, fake, minutes="1"):
        environment = dict(os.environ, FAKE=fake, FAKE_LOG=str(self.log))
        return subprocess.Popen([SOAK, self.build, minutes], encoding="utf-8", stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=environment)

    def test_all_is_run(self):
        program = self.start("clean", "60")
        out, _ = program.communicate(timeout=30)
        self.assertEqual((program.returncode, out.splitlines()[-1]), (0, "28 passed, 0 failed"), out)
        calls = self.log.read_text().splitlines()
        for target in ("core", "locked"):
            for threads in (4, 32):
                words = f"stress --workload all --target {target} --threads {threads} "
                self.assertEqual(len([c for c in calls if c.startswith(words)]), 3, words)
                self.assertEqual(len([c for c in calls if c.startswith(words + "--irq-source inject ")]), 1, words)
            for race in ("", "--race "):
                self.assertEqual(len([c for c in calls if c.startswith(f"explore {race}--target {target} ")]), 1)
        for fuzzer in ("scenario", "sequential", "interrupt", "text", "artifact", "arena"):
            self.assertEqual(len([c for c in calls if c.startswith(f"fuzz fuzz_{fuzzer} --engine ")]), 2)
        self.assertEqual(sorted(set(re.findall(r" (\d+)s ", "\n".join(calls)))), ["100", "300"])

    def test_what_is_found(self):
        for number in (1, 2):  # a second soak leaves the first one's folder alone
            program = self.start("mixed")
            out, _ = program.communicate(timeout=30)
            self.assertEqual(program.returncode, 1, out)
            self.assertEqual(out.splitlines()[-1], "21 passed, 5 failed, 2 skipped")
            told = (self.build / "soak" / str(number) / "findings.txt").read_text()
            self.assertEqual(told.count("reproduce: labyrinth replay there/R01.lab"), 3)
            self.assertIn(f"stress-locked-32-tsan: exit 1: $ {self.build}/tsan/labyrinth stress ", told)
            self.assertEqual(told.count("labyrinth: fuzz: no such folder"), 2)
            self.assertIn(f"{self.build}/soak/{number}/findings.txt", out)

    def test_sigint(self):
        program = self.start("sleep")
        for _ in range(200):
            if self.log.exists() and "begun" in self.log.read_text():
                break
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=20)
        self.assertEqual(program.returncode, 0, out)
        self.assertIn("soak: stopped: 27 of 28 were not begun", out)
        self.assertEqual(out.splitlines()[-1], "1 passed, 0 failed")
        self.assertIn("ended early", (self.build / "soak" / "1" / "stress-core-4.log").read_text())


if __name__ == "__main__":
    unittest.main()
