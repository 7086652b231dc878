#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench alloc: every case once, numbers that can be, the same cases as text and as JSON lines."""
import json
import unittest

from program import CLEAN, run


class Bench(unittest.TestCase):
    def test_jsonl(self):
        answer = run("bench", "alloc", "--quick", "--threads", "1", "--format", "jsonl", timeout=120)
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertIn("seed=1", answer.stderr)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        floors = [r for r in records if r["kind"] == "bench-floor"]
        cases = [r for r in records if r["kind"] == "bench-alloc"]
        expected = {(t, p, o, 1) for t in ("core", "locked", "malloc") for p in ("repeat", "bulk", "random")
                    for o in (0, 9)}
        self.assertEqual([r["threads"] for r in floors], [1])
        self.assertEqual({(r["target"], r["pattern"], r["order"], r["threads"]) for r in cases}, expected)
        self.assertEqual(len(cases), len(expected))
        for record in cases:
            self.assertGreater(record["ns_per_pair"], 0)
            self.assertLessEqual(record["ns_per_pair_least"], record["ns_per_pair"])
            self.assertGreater(record["ratio_to_floor"], 0)
        self.assertTrue(all(r["ratio_to_floor"] == 1 for r in floors))


if __name__ == "__main__":
    unittest.main()
