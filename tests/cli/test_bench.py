#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench: every case once, numbers that can be; of sim, what is counted and what is found, and never how fast."""
import json
import unittest

from program import CLEAN, run

STRATEGIES = ["auto", "bound", "irq", "random", "pct", "pos", "surw", "dpor"]


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

    def sim(self, program, *options):
        answer = run("bench", "sim", "--quick", "--program", program, "--format", "jsonl", *options, timeout=300)
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertGreater(next(r for r in records if r["kind"] == "bench-sim-floor")["ns_per_switch"], 0)
        return {kind: [r for r in records if r["kind"] == kind]
                for kind in ("bench-sim-speed", "bench-sim-count", "bench-sim-first")}

    def test_sim_lost_update(self):
        records = self.sim("lost-update")
        self.assertEqual([r["strategy"] for r in records["bench-sim-speed"]], ["none"] + STRATEGIES)
        for record in records["bench-sim-speed"]:
            self.assertGreater(record["steps_per_second"], record["schedules_per_second"])
        # Two contexts of 4 steps: who begins; one change of mind at each of 3 steps, twice; and so on.
        count, = records["bench-sim-count"]
        self.assertEqual([count[f"preemptions_{k}"] for k in range(3)], [2, 8, 26])
        self.assertTrue(count["exhausted"])
        self.assertLess(count["dpor"], 26)
        found = {r["strategy"]: r for r in records["bench-sim-first"]}
        self.assertEqual(list(found), STRATEGIES)
        for strategy, record in found.items():
            self.assertEqual(record["rule"], "R01")
            self.assertEqual(record["found"], 0 if strategy == "irq" else record["tries"], strategy)
            self.assertEqual(record["schedules_median"] > 0, strategy != "irq", strategy)

    def test_sim_finds(self):
        for program, rules in (("aba-stack", {"R01", "R04"}), ("bitmap-race", {"R01"}), ("reserve-floor", {"R03", "R18"}),
                               ("message-passing", {"R01"}), ("lost-update-irq", {"R01", "R04"})):
            for record in self.sim(program)["bench-sim-first"]:
                if record["strategy"] == "irq" and program != "lost-update-irq":
                    self.assertEqual(record["found"], 0)
                    continue
                self.assertIn(record["rule"], rules)
                self.assertEqual(record["found"], record["tries"], f"{program} {record['strategy']}")

    def test_sim_limit(self):
        first = {r["strategy"]: r for r in self.sim("aba-stack", "--limit", "2")["bench-sim-first"]}
        self.assertEqual((first["bound"]["found"], first["bound"]["schedules_median"]), (0, 0))

    def test_sim_targets(self):
        for target in ("core", "locked"):
            count, = self.sim(f"{target}-irq")["bench-sim-count"]
            self.assertTrue(count["exhausted"])
            self.assertEqual(count["preemptions_0"], 1)
            # the handler comes in once: nothing is left for a second departure
            self.assertEqual(count["preemptions_1"], count["preemptions_2"])
            self.assertGreaterEqual(count["preemptions_1"], count["dpor"])

    def test_sim_usage(self):
        for words in (("--threads", "1"), ("--program", "nothing"), ("--time", "never")):
            answer = run("bench", "sim", *words)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(words[0], answer.stderr)
        self.assertEqual(run("bench", "alloc", "--limit", "1").returncode, 2)
        self.assertEqual(run("bench").returncode, 2)


if __name__ == "__main__":
    unittest.main()
