#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Race mode is had by an option, and what it found replays and shrinks by itself; where there is none, exit 77."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, FINDING, PATH, run

UNSUPPORTED = 77
MODULE = os.environ["EARLY_TABLE"]
HERE = (Path(PATH).parent / "labyrinth-race").exists()

PAIR = """machine frames=64 cpus=2 order-max=3
zone normal frames=0+64 min=4 low=5 high=6 reserve=0
task a cpu=0 { s0 = alloc kernel 0; touch s0; free s0; }
task b cpu=1 { s0 = alloc kernel 0; touch s0; free s0; }
"""


class Race(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "pair.scn").write_text(PAIR)

    def test_no_race_mode_is_said(self):
        shutil.copy(PATH, self.root / "labyrinth")
        (self.root / "targets").symlink_to(Path(PATH).parent / "targets")
        answer = subprocess.run([self.root / "labyrinth", "explore", "--race"], text=True, capture_output=True,
                                timeout=60, check=False)
        self.assertEqual(answer.returncode, UNSUPPORTED, answer.stdout + answer.stderr)
        self.assertIn("no labyrinth-race beside this program", answer.stderr)

    def test_a_target_has_to_be_hooked(self):
        answer = run("explore", "--race", "--target", "malloc")
        self.assertEqual(answer.returncode, UNSUPPORTED)
        self.assertIn("'malloc' is not hooked", answer.stderr)

    @unittest.skipUnless(HERE, "a build without race mode")
    def test_found_replayed_and_shrunk(self):
        found = run("explore", "--race", "--target", MODULE, "--seed", "1", cwd=self.root)
        self.assertEqual(found.returncode, FINDING, found.stdout + found.stderr)
        self.assertIn("finding: R11 isolation data race at heap+0x", found.stdout)
        self.assertNotIn("ThreadSanitizer", found.stderr)
        path = re.search(r"^reproduce: labyrinth replay (\S+)$", found.stdout, re.MULTILINE).group(1)
        again = run("replay", "--times", "100", "--format", "jsonl", path, cwd=self.root)
        self.assertEqual(again.returncode, FINDING, again.stdout + again.stderr)
        record = json.loads(again.stdout.splitlines()[0])
        self.assertEqual(record["engine"], "sim race")
        self.assertEqual(record["replayed"], "100 of 100")
        # who wrote first is not the last step, and may be none that the table shows
        lanes = run("replay", path, cwd=self.root).stdout
        self.assertRegex(lanes, r"\ncode 0x[0-9a-f]+: table_of, .*r11-early-table.c:\d+: made->\w+ =")
        self.assertEqual(run("minimize", path, "-o", "small.lab", cwd=self.root).returncode, FINDING)
        self.assertEqual(run("replay", "small.lab", cwd=self.root).returncode, FINDING)
        self.assertIn("WARNING: ThreadSanitizer: data race",
                      run("replay", "--trace", "--no-lanes", path, cwd=self.root).stderr)

    @unittest.skipUnless(HERE, "a build without race mode")
    def test_a_folder_of_both_kinds(self):
        run("explore", "--race", "--target", MODULE, "--seed", "1", "--findings", "all", cwd=self.root)
        shutil.copy(self.root / "pair.scn", self.root / "all")
        answer = run("replay", "--no-lanes", "all", cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertEqual(answer.stdout.count("event_hash"), 2)

    @unittest.skipUnless(HERE, "a build without race mode")
    def test_clean_and_told(self):
        answer = run("explore", "--race", "--strategy", "bound", "--preemptions", "1", "--format", "jsonl", "pair.scn",
                     cwd=self.root)
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        with_race = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertTrue(with_race[0]["race"])
        without = run("explore", "--strategy", "bound", "--preemptions", "1", "--format", "jsonl", "pair.scn",
                      cwd=self.root)
        without = [json.loads(line) for line in without.stdout.splitlines()]
        self.assertFalse(without[0]["race"])
        self.assertEqual(without[1]["searched"], with_race[1]["searched"])
        self.assertEqual(without[2]["event_hash"], with_race[2]["event_hash"])


if __name__ == "__main__":
    unittest.main()
