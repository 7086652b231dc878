#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show, build and replay: the forms of a test case turn into one another; damaged files are told what is wrong."""
import shutil
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, USAGE, run

SCENARIO = """machine frames=256 cpus=1 order-max=7
zone normal frames=0+256 min=16 low=20 high=24 reserve=0
task stack cpu=0 {
	s0 = alloc kernel 0;
	touch s0;
	raise rx;
	free s0;
}
hardirq rx cpu=0 {
	s0 = alloc atomic|exclusive 2;
	free s0;
}
"""


class Files(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.text = self.root / "a.scn"
        self.text.write_text(SCENARIO)
        self.artifact = self.root / "a.lab"

    def good(self, *args):
        answer = run(*map(str, args), cwd=self.root)
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        return answer.stdout

    def bad(self, *args):
        answer = run(*map(str, args), cwd=self.root)
        self.assertEqual(answer.returncode, USAGE, answer.stdout + answer.stderr)
        self.assertEqual(answer.stderr.count("\n"), 1, answer.stderr)
        return answer.stderr

    def test_text_to_artifact_and_back(self):
        self.good("build", self.text, "-o", self.artifact)
        shown = self.good("show", self.artifact)
        self.assertEqual([line for line in shown.splitlines(True) if not line.startswith("#")],
                         SCENARIO.splitlines(True))

    def test_all_forms_replay(self):
        self.good("build", self.text, "-o", self.artifact)
        self.good("build", "--raw", self.text, "-o", self.root / "a")
        for name in ("a.scn", "a.lab", "a"):
            with self.subTest(name=name):
                self.assertIn("finding     none", self.good("replay", self.root / name))

    def test_every_cut_of_an_artifact_is_refused(self):
        self.good("build", self.text, "-o", self.artifact)
        whole = self.artifact.read_bytes()
        cut = self.root / "cut.lab"
        for length in range(8, len(whole), 29):
            cut.write_bytes(whole[:length])
            self.assertIn("cut.lab: ", self.bad("show", cut))

    def test_a_changed_byte_is_refused(self):
        self.good("build", self.text, "-o", self.artifact)
        whole = bytearray(self.artifact.read_bytes())
        whole[len(whole) // 2] ^= 1
        self.artifact.write_bytes(whole)
        self.assertIn("a.lab: ", self.bad("replay", self.artifact))

    def test_a_wrong_word_is_placed(self):
        self.text.write_text("machine frames=oops\n")
        self.assertIn("a.scn:1:16: 'oops': expected", self.bad("show", self.text))

    def test_an_output_that_cannot_be_written(self):
        answer = run("build", str(self.text), "-o", str(self.root / "no" / "a.lab"))
        self.assertNotIn(answer.returncode, (CLEAN, USAGE), answer.stderr)
        self.assertIn("No such file or directory", answer.stderr)


if __name__ == "__main__":
    unittest.main()
