#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/atomic-allocation.md: each command prints what the page says that it prints."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "atomic-allocation.md"
BUILD = Path(os.environ["LABYRINTH"]).parent
# What threads and real time make, and where memory lies, is another number each time; and who holds the most.
VARIES = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?|(?<=flags) +\S+")
LIVE = ("stat", "stress", "explore")


def commands():
    """(command, the lines below it) of the indented blocks."""
    found = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("    $ "):
            found.append((line[6:].split(), []))
        elif line.startswith("    ") and found:
            found[-1][1].append(line[4:])
    return found


def mask_live(line):
    # A source file is named from where the command ran, or by its last two names; what is inlined is the compiler's.
    line = re.sub(r"\b(task|softirq|hardirq|nmi) \w+", "#", line)
    return re.sub(r" in \w+$", "", VARIES.sub("#", line).replace(" src/", " "))


def mask_event(line):
    # How many events there were before is the allocator's affair.
    return re.sub(r"^ +\d+ ", "", line)


class Page(unittest.TestCase):
    def setUp(self):
        # Where the page says that it is: build, docs and corpus side by side; what a finding leaves goes elsewhere.
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for name, where in (("build", BUILD), ("docs", ROOT / "docs"), ("corpus", ROOT / "corpus"), ("src", ROOT / "src")):
            (self.root / name).symlink_to(where)

    def compare(self, command, shown):
        answer = subprocess.run(command, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=100, check=False, cwd=self.root)
        mask = mask_live if command[1] in LIVE else mask_event
        left = iter([mask(line) for line in answer.stdout.splitlines()])
        for line in shown:
            if line != "...":
                self.assertIn(mask(line), left, f"{' '.join(command)}: after the lines before it:\n{answer.stdout}")

    def test_every_command_prints_what_is_shown(self):
        sanitizer = os.environ.get("SANITIZER", "none")
        for command, shown in commands():
            with self.subTest(command=" ".join(command)):
                self.assertEqual(command[0], "build/labyrinth")
                self.assertTrue(shown, "nothing is shown")
                if command[1] != "explore" or sanitizer != "thread":
                    self.compare(command, shown)

    def test_every_scenario_is_shown(self):
        used = {Path(word).name for command, _ in commands() for word in command if word.startswith("docs/")}
        self.assertEqual(used, {path.name for path in (ROOT / "docs/examples/atomic").iterdir()})


if __name__ == "__main__":
    unittest.main()
