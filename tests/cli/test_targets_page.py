#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/targets.md: each command prints what the page says that it prints, but for numbers; the repair is one."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "targets.md"
BUILD = Path(os.environ["LABYRINTH"]).parent
VARIES = re.compile(r"R\d\d-[0-9a-f]{8}|0x[0-9a-f]+|(?<![Rth])\d+(\.\d+)?")


def commands():
    """(command, the lines below it) of the indented blocks."""
    found, open_block = [], False
    for line in PAGE.read_text().splitlines():
        if line.startswith("    $ "):
            found.append((line[6:], []))
            open_block = True
        elif line.startswith("    ") and open_block:
            found[-1][1].append(line[4:])
        else:
            open_block = False
    return found


def mask(line):
    """Columns are as wide as what is in them."""
    return re.sub(r"[\s│]+", " ", VARIES.sub("#", line)).strip(" #")


class Page(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for name, where in (("build", BUILD), ("docs", ROOT / "docs")):
            (self.root / name).symlink_to(where)

    def compare(self, command, shown):
        answer = subprocess.run(command, shell=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=100, check=False, cwd=self.root, env=os.environ | {"COLUMNS": "130"})
        self.assertEqual(answer.returncode, 1 if any("finding: " in line for line in shown) else 0, answer.stdout)
        left = iter([mask(line) for line in answer.stdout.splitlines()])
        for line in shown:
            if line != "...":
                self.assertIn(mask(line), left, f"{command}: after the lines before it:\n{answer.stdout}")

    def test_every_command_prints_what_is_shown(self):
        found = commands()
        self.assertGreater(len(found), 8)
        for command, shown in found:
            with self.subTest(command=command):
                self.compare(command, shown)

    def test_the_adapter_is_short(self):
        code = re.sub(r"/\*.*?\*/", "", (ROOT / "docs" / "examples" / "zone_target.c").read_text(), flags=re.S)
        self.assertEqual(len([line for line in code.splitlines() if line.strip()]), int(re.search(
            r"\[Its adapter\]\(examples/zone_target.c\) has\s+(\d+) lines", PAGE.read_text())[1]))


if __name__ == "__main__":
    unittest.main()
