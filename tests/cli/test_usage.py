#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program cannot use gets one line that names the thing, its value and what was expected; exit 2."""
import unittest

from program import USAGE, run

# arguments, what the line must name
CASES = [
    (["frobnicate"], ["'frobnicate'", "labyrinth help"]),
    (["help", "frobnicate"], ["'frobnicate'", "labyrinth help"]),
    (["targets", "--frobnicate"], ["--frobnicate", "unknown option"]),
    (["targets", "--format", "xml"], ["--format", "'xml'", "text, jsonl"]),
    (["targets", "--format"], ["--format", "no value"]),
    (["targets", "--target", "nosuch"], ["--target", "nosuch", "core"]),
    (["targets", "--target", "./nosuch.so"], ["--target", "./nosuch.so"]),
    (["targets", "stray"], ["'stray'", "options only"]),
    (["bench"], ["''", "alloc"]),
    (["bench", "frobnicate"], ["'frobnicate'", "alloc"]),
    (["bench", "alloc", "--rounds", "0"], ["--rounds", "'0'", "from 1 to"]),
    (["bench", "alloc", "--rounds", "-1"], ["--rounds", "'-1'", "from 1 to"]),
    (["bench", "alloc", "--rounds", "3x"], ["--rounds", "'3x'", "from 1 to"]),
    (["bench", "alloc", "--threads", "3"], ["--threads", "'3'", "from 1 to 2"]),
    (["bench", "alloc", "--rounds", "99999999999999999999"], ["--rounds", "from 1 to"]),
    (["fuzz", ""], ["FUZZER", "''", "fuzz_sequential"]),
    (["fuzz", "fuzz_text", "--sync", "x"], ["--sync", "'x'", "--engine afl or both"]),
    (["fuzz", "fuzz_text", "--engine", "both", "--jobs", "1"], ["--jobs", "'1'", "from 2 to 64"]),
    (["verify"], ["''", "one folder"]),
    (["verify", "nosuch"], ["nosuch/campaign.json", "a campaign's folder"]),
    (["coverage", "nosuch"], ["'nosuch'", "one fuzz campaign"]),
    (["stress", "--dir", "x", "--findings", "y"], ["--findings", "'y'", "--dir"]),
    (["explore", "--dir", "x", "--findings", "y"], ["--findings", "'y'", "--dir"]),
    (["bench", "alloc", "--fuzz-build", "x"], ["--fuzz-build", "'x'", "only with fuzz"]),
    (["fuzz", "fuzz_nothing"], ["FUZZER", "'fuzz_nothing'", "fuzz_sequential"]),
    (["fuzz", "fuzz_text", "stray"], ["'stray'"]),
    (["fuzz", "fuzz_text", "--engine", "honggfuzz"], ["--engine", "'honggfuzz'", "libfuzzer, afl"]),
    (["fuzz", "fuzz_text", "--time", "soon"], ["--time", "'soon'", "30s"]),
    (["fuzz", "fuzz_text", "--time", "10ms"], ["--time", "'10ms'", "1s"]),
    (["fuzz", "fuzz_text", "--jobs", "0"], ["--jobs", "'0'", "from 1 to 64"]),
    (["fuzz", "fuzz_text", "--seed", "x"], ["--seed", "'x'"]),
    (["fuzz", "fuzz_text", "--target", "nosuch"], ["--target", "nosuch", "core"]),
    (["stress", "--threads", "0"], ["--threads", "'0'", "from 1 to 64"]),
    (["stress", "--workload", "nosuch"], ["--workload", "'nosuch'", "labyrinth workloads"]),
    (["stress", "--irq-levels", "soft,loud"], ["--irq-levels", "'loud'", "soft, hard, nmi"]),
    (["stress", "--irq-source", "moon"], ["--irq-source", "'moon'", "timer, storm, inject"]),
    (["stress", "--duration", "soon"], ["--duration", "'soon'", "30s"]),
    (["stress", "--target", "nosuch"], ["nosuch", "core"]),
    (["stress", "stray"], ["'stray'", "options only"]),
    (["workloads", "stray"], ["'stray'", "options only"]),
    (["rules", "--format", "xml"], ["--format", "'xml'", "text, jsonl"]),
    (["explore", "--strategy", "luck"], ["--strategy", "'luck'", "auto, bound, irq, random, pct, pos, surw, dpor"]),
    (["explore", "--schedules", "0"], ["--schedules", "'0'", "from 1 to"]),
    (["explore", "--time", "soon"], ["--time", "'soon'", "30s"]),
    (["explore", "--preemptions", "65"], ["--preemptions", "'65'", "from 0 to 64"]),
    (["explore", "--seed", "x"], ["--seed", "'x'"]),
    (["explore", "--target", "nosuch"], ["nosuch", "core"]),
    (["explore", "--from", "x", "y"], ["--from", "'x'", "'y'"]),
    (["minimize"], ["''", "expected one file"]),
    (["minimize", "nosuch.lab"], ["nosuch.lab", "No such file"]),
    (["replay"], ["no file given"]),
    (["replay", "nosuch.lab"], ["nosuch.lab", "No such file"]),
    (["replay", "--cpu-limit", "soon", "x"], ["--cpu-limit", "'soon'"]),
    (["show"], ["no file given"]),
    (["show", "nosuch.scn"], ["nosuch.scn", "No such file"]),
    (["build"], ["no file given"]),
    (["build", "nosuch.scn", "-o", "x"], ["nosuch.scn", "No such file"]),
]


class Usage(unittest.TestCase):
    def test_one_line_and_exit_2(self):
        for args, words in CASES:
            with self.subTest(args=args):
                answer = run(*args)
                self.assertEqual(answer.returncode, USAGE, answer.stderr)
                self.assertEqual(answer.stdout, "")
                self.assertEqual(answer.stderr.count("\n"), 1, answer.stderr)
                for word in ["labyrinth: ", *words]:
                    self.assertIn(word, answer.stderr)


if __name__ == "__main__":
    unittest.main()
