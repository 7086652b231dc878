#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stand-alone driver's exit codes: 0 clean, 1 a finding, 2 what cannot be read, 3 no target, 4 runs that differ."""
import os
import subprocess
import tempfile
import unittest

INTERRUPT, SCENARIO = os.environ["FUZZ_INTERRUPT"], os.environ["FUZZ_SCENARIO"]


def run(*args, target="core", driver=INTERRUPT):
    env = dict(os.environ, LABYRINTH_TARGET=target)
    return subprocess.run([driver, *args], text=True, capture_output=True, timeout=60, check=False, env=env)


class Driver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(os.path.join(self.folder, "deeper"))
        for name, content in (("empty", b""), ("noise", bytes(range(256)) * 4), ("deeper/one", b"\x01")):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)

    def test_folders_are_walked(self):
        answer = run(self.folder)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(answer.stdout, "3 files, 3 runs each, all alike\n")

    def test_what_cannot_be_read(self):
        answer = run(os.path.join(self.folder, "noise"), os.path.join(self.folder, "nosuch"))
        self.assertEqual(answer.returncode, 2)
        self.assertIn("nosuch", answer.stderr)
        self.assertIn("1 files", answer.stdout)
        self.assertEqual(run().returncode, 2)

    def test_larger_than_any_input(self):
        path = os.path.join(self.folder, "large")
        with open(path, "wb") as file:
            file.truncate((1 << 20) + 1)
        answer = run(path)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("larger", answer.stderr)

    def test_no_such_target(self):
        answer = run(self.folder, target="nosuch")
        self.assertEqual(answer.returncode, 3)
        self.assertIn("LABYRINTH_TARGET", answer.stderr)
        self.assertIn("nosuch", answer.stderr)

    def test_a_finding(self):
        answer = run(self.two_allocs(), target=os.environ["BROKEN_TWICE"])
        self.assertEqual(answer.returncode, 1, answer.stderr)
        self.assertIn("finding: R01 double-ownership ", answer.stderr)
        self.assertIn("input: " + self.two_allocs(), answer.stderr)

    def test_runs_that_differ(self):
        self.assertEqual(run(self.two_allocs(), target=os.environ["BROKEN_CLEAN"]).returncode, 0)
        answer = run(self.two_allocs(), target=os.environ["BROKEN_DRIFTS"])
        self.assertEqual(answer.returncode, 4, answer.stderr)
        self.assertIn("event hash", answer.stderr)

    def test_a_hooked_target_is_put_back(self):
        answer = run(self.two_allocs(), target=os.environ["HOOKED_DRIFTS"], driver=SCENARIO)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        # ... and what it keeps elsewhere is a finding at one input in 64, which goes by the input's bytes
        with open(self.two_allocs(), "rb") as file:
            base = file.read()
        many = os.path.join(self.folder, "many")
        os.mkdir(many)
        for number in range(512):
            with open(os.path.join(many, str(number)), "wb") as file:
                file.write(base + bytes([0, 0, number & 255, number >> 8]))
        answer = run(many, target=os.environ["HOOKED_DRAWS"], driver=SCENARIO)
        self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr[-400:])
        self.assertIn("finding: R17 determinism ", answer.stderr)

    def two_allocs(self):
        text, raw = os.path.join(self.folder, "t.scn"), os.path.join(self.folder, "t")
        with open(text, "w", encoding="ascii") as file:
            file.write("machine frames=8 order-max=0\n"
                       "task a { s0 = alloc kernel 0; s1 = alloc kernel 0; s2 = alloc kernel 0; }\n")
        subprocess.run([os.environ["LABYRINTH"], "build", "--raw", text, "-o", raw], check=True, capture_output=True)
        return raw


if __name__ == "__main__":
    unittest.main()
