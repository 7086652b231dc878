#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stat: an arena file of a run that goes on, of one that was killed, and files that are no such thing."""
import json
import random
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from program import CLEAN, HARNESS, USAGE, run, start

FRAMES = 4096


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def of_kind(text, kind):
    return [record for record in records(text) if record["kind"] == kind]


class Stat(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.file = self.root / "arena"

    def stress(self, *more):
        program = start("stress", "--threads", "2", "--frames", str(FRAMES), "--arena", str(self.file), "--findings",
                        str(self.root / "findings"), "--seed", "3", *more)
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        return program

    def stat(self, *more):
        return run("stat", "--format", "jsonl", *more)

    def killed_arena(self):
        """The file of a run that was killed while it held frames."""
        program = self.stress("--workload", "exhaust", "--duration", "60s")
        for _ in range(200):
            time.sleep(0.05)
            answer = self.stat(str(self.file))
            if answer.returncode == CLEAN and of_kind(answer.stdout, "held")[0]["frames"] > 1000:
                break
        program.kill()
        program.communicate()

    def check_held(self, text):
        held = of_kind(text, "held")[0]
        self.assertGreater(held["frames"], 0)
        for holder in of_kind(text, "holder"):
            self.assertLess(holder["frame"] + (1 << holder["order"]), FRAMES + 1)
            self.assertGreater(holder["owner"]["context"], 0)
            self.assertGreaterEqual(holder["age_s"], 0)

    def test_a_run_is_watched_while_it_goes_on(self):
        program = self.stress("--workload", "exhaust", "--duration", "60s")
        seen = 0
        for _ in range(200):
            time.sleep(0.05)
            answer = self.stat("--each", "--holders", "5", str(self.file))
            if answer.returncode != CLEAN:  # not yet written
                continue
            if of_kind(answer.stdout, "held")[0]["frames"]:
                self.check_held(answer.stdout)
                seen += 1
            if seen == 5:
                break
        self.assertEqual(seen, 5)
        self.assertIsNone(program.poll())

    def test_what_is_held_and_what_is_free_make_the_whole(self):
        self.killed_arena()
        answer = self.stat("--each", "--holders", "100000", str(self.file))
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        zones, held = of_kind(answer.stdout, "zone"), of_kind(answer.stdout, "held")[0]
        frames, free = sum(z["frames"] for z in zones), sum(z["free"] for z in zones)
        # A thread may have been killed in the middle of a call, with a word of frames in its hands.
        self.assertLess(abs(frames - free - held["frames"]), 300)
        holders = of_kind(answer.stdout, "holder")
        self.assertEqual(len(holders), held["blocks"])
        self.assertEqual(sum(1 << h["order"] for h in holders), held["frames"])
        ages = [h["age_s"] for h in holders]
        self.assertEqual(ages, sorted(ages, reverse=True))
        # The process is gone, and its stacks can still be read; but for one that was cut short where an interrupt came in.
        known = [h["from"][0] for h in holders if h["from"]]
        self.assertGreater(len(known), 0.9 * len(holders))
        self.assertTrue(all("lab_page_alloc" in place for place in known), known[:3])
        groups = of_kind(self.stat("--holders", "100000", str(self.file)).stdout, "holders")
        self.assertEqual(sum(g["blocks"] for g in groups), held["blocks"])
        self.assertEqual(sum(g["frames"] for g in groups), held["frames"])
        self.assertEqual([g["frames"] for g in groups], sorted((g["frames"] for g in groups), reverse=True))
        for zone in zones:
            unusable = [zone["unusable"][str(order)] for order in range(11)]
            self.assertEqual(unusable, sorted(unusable))

    def test_a_run_of_its_own(self):
        answer = self.stat("--workload", "exhaust", "--duration", "300ms", "--frames", str(FRAMES), "--holders", "3")
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        kinds = [record["kind"] for record in records(answer.stdout)]
        self.assertEqual(kinds[:4], ["options", "arena", "zone", "zone"])
        self.assertEqual(kinds.count("held"), 1)
        self.assertLessEqual(kinds.count("holders"), 3)

    def test_a_scenario(self):
        folder = Path(__file__).resolve().parents[2] / "docs" / "examples" / "atomic"
        answer = self.stat("--scenario", str(folder / "classes.scn"), "--each")
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)
        zone, held = of_kind(answer.stdout, "zone")[0], of_kind(answer.stdout, "held")[0]
        self.assertEqual((zone["frames"], zone["free"], held["frames"]), (20, 0, 20))
        self.assertEqual(zone["floors"], {"ordinary": 8, "high": 4, "atomic": 3, "memalloc": 0})
        self.assertEqual([h["order"] for h in of_kind(answer.stdout, "holder")], [3, 2, 2, 0, 0, 1])
        answer = run("stat", "--scenario", str(folder / "lock-in-nmi.scn"))
        self.assertEqual((answer.returncode, answer.stdout), (USAGE, ""), answer.stderr)
        self.assertIn("lock-in-nmi.scn:4:12", answer.stderr)

    def test_it_looks_again(self):
        self.killed_arena()
        answer = self.stat("--holders", "0", "--every", "50ms", "--count", "3", str(self.file))
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertEqual(len(of_kind(answer.stdout, "arena")), 3)
        self.assertEqual(of_kind(answer.stdout, "held"), [])

    def expect_refusal(self, path, *words):
        answer = self.stat(str(path))
        self.assertEqual((answer.returncode, answer.stdout), (USAGE, ""), answer.stderr)
        self.assertEqual(answer.stderr.count("\n"), 1, answer.stderr)
        for word in (str(path), *words):
            self.assertIn(word, answer.stderr)

    def test_what_is_no_arena(self):
        self.expect_refusal(self.root / "nothing", "No such file")
        empty, text, short, version = (self.root / name for name in ("empty", "text", "short", "version"))
        empty.write_bytes(b"")
        self.expect_refusal(empty, "not an arena")
        text.write_text("machine frames=12\n" * 1000)
        self.expect_refusal(text, "not an arena")
        self.killed_arena()
        whole = self.file.read_bytes()
        for size in (100, 4096, len(whole) // 2):
            short.write_bytes(whole[:size])
            self.expect_refusal(short, "cut short")
        version.write_bytes(whole[:24] + b"\xff" + whole[25:])
        self.expect_refusal(version, "another version")
        version.write_bytes(whole[:16] + b"\xff" + whole[17:])
        self.expect_refusal(version, "damaged")

    def test_damaged_files_are_told_or_read(self):
        self.killed_arena()
        whole, damaged = self.file.read_bytes(), self.root / "damaged"
        shutil.copy(str(self.file) + ".maps", str(damaged) + ".maps")
        dice = random.Random(5)
        codes = set()
        for turn in range(20):
            bytes_ = bytearray(whole)
            for _ in range(1 + turn % 7 * 100):
                room = 1024 if turn % 4 == 0 else len(bytes_)
                bytes_[dice.randrange(8, room)] = dice.randrange(256)
            damaged.write_bytes(bytes_)
            if turn % 3 == 0:
                Path(str(damaged) + ".maps").write_bytes(dice.randbytes(500))
            answer = self.stat("--each", "--holders", "3", str(damaged))
            self.assertIn(answer.returncode, (CLEAN, USAGE), answer.stderr)
            codes.add(answer.returncode)
        self.assertEqual(codes, {CLEAN, USAGE})

    def test_a_file_that_shrinks_meanwhile(self):
        self.killed_arena()
        program = start("stat", "--every", "200ms", "--holders", "0", str(self.file))
        self.assertIn("arena", program.stdout.readline())
        with open(self.file, "r+b") as file:
            file.truncate(0)
        _, err = program.communicate(timeout=30)
        self.assertEqual(program.returncode, USAGE, err)
        self.assertIn("was cut short while it was read", err)

    def test_a_file_of_somebody_elses_is_left_alone(self):
        self.file.write_text("precious")
        answer = run("stress", "--arena", str(self.file), "--ops", "10")
        self.assertEqual(answer.returncode, USAGE, answer.stderr)
        self.assertIn("--arena", answer.stderr)
        self.assertEqual(self.file.read_text(), "precious")
        for path in (self.root / "no" / "folder", "/proc/arena"):
            answer = run("stress", "--arena", str(path), "--ops", "10")
            self.assertIn(answer.returncode, (USAGE, HARNESS), answer.stderr)
            self.assertIn(str(path), answer.stderr)
        answer = run("stress", "--arena", str(self.file), "--target", "locked", "--ops", "10")
        self.assertEqual(answer.returncode, USAGE)
        self.assertIn("core", answer.stderr)

    def test_options_that_do_not_go_together(self):
        for options in (["--every", "1s"], ["--count", "2"], ["--workload", "mixed", "FILE"], ["--scenario", "x", "--seed", "1"], ["--scenario", "x", "FILE"], ["FILE", "FILE"],
                        ["--holders", "x"], ["--every", "0", "FILE"], ["--workload", "none"]):
            answer = run("stat", *options)
            self.assertEqual(answer.returncode, USAGE, answer.stderr)
            self.assertEqual(answer.stderr.count("\n"), 1, answer.stderr)


if __name__ == "__main__":
    unittest.main()
