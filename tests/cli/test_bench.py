#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench: every case once, numbers that can be; of sim, what is counted and what is found, and never how fast."""
import json
import unittest

from program import CLEAN, built_peers, run

STRATEGIES = ["auto", "bound", "irq", "random", "pct", "pos", "surw", "dpor"]


class Bench(unittest.TestCase):
    def alloc(self, *options):
        answer = run("bench", "alloc", "--quick", "--threads", "1", "--format", "jsonl", *options, timeout=120)
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertIn("seed=1", answer.stderr)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        cases = [r for r in records if r["kind"] == "bench-alloc"]
        self.assertEqual([r["threads"] for r in records if r["kind"] == "bench-floor"], [1])
        self.assertTrue(all(r["ratio_to_floor"] == 1 for r in records if r["kind"] == "bench-floor"))
        load, = (r for r in records if r["kind"] == "bench-load")
        self.assertGreater(load["processors"], 0)
        for record in cases:
            self.assertGreater(record["ns_per_pair"], 0)
            self.assertLessEqual(record["ns_per_pair_least"], record["ns_per_pair"])
            self.assertGreater(record["ratio_to_floor"], 0)
            self.assertGreater(record["ratio_to_first"], 0)
            self.assertGreaterEqual(record["spread"], 0)
            self.assertEqual((record["rounds"], record["threads"]), (3, 1))
        return cases

    def test_jsonl(self):
        """Everything there is: what is built in, and the peers that were built."""
        cases = self.alloc("--pattern", "repeat")
        targets = ["core", "locked", "malloc", *built_peers()]
        self.assertEqual(sorted((r["target"], r["pattern"], r["order"]) for r in cases),
                         sorted((t, "repeat", o) for t in targets for o in (0, 9)))
        self.assertEqual({r["first"] for r in cases}, {"core"})
        self.assertTrue(all(r["ratio_to_first"] == 1 and r["spread"] == 0 for r in cases if r["target"] == "core"))

    def test_patterns(self):
        cases = self.alloc("--target", "locked,core")
        self.assertEqual(sorted((r["target"], r["pattern"], r["order"]) for r in cases),
                         sorted((t, p, o) for t in ("locked", "core") for p in ("repeat", "bulk", "random", "full90")
                                for o in (0, 9)))
        self.assertEqual({r["first"] for r in cases}, {"locked"})
        self.assertTrue(all(r["ratio_to_first"] == 1 for r in cases if r["target"] == "locked"))

    def test_table(self):
        answer = run("bench", "alloc", "--quick", "--threads", "1", "--target", "core,locked", "--pattern", "bulk")
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        rows = [line.split() for line in answer.stdout.splitlines() if line.startswith("bulk ")]
        self.assertEqual([row[:3] for row in rows], [["bulk", "0", "1"], ["bulk", "9", "1"]])
        self.assertTrue(all(len(row) == 6 and min(map(float, row[3:])) > 0 for row in rows), rows)
        self.assertIn("Load average", answer.stdout)

    def test_alloc_usage(self):
        for words, expectation in ((("--target", "core,nobody"), "nobody: no such target"),
                                   (("--target", "core,core"), "expected each target once"),
                                   (("--pattern", "bulk,zigzag"), "'zigzag': expected")):
            answer = run("bench", "alloc", *words)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(words[0], answer.stderr)
            self.assertIn(expectation, answer.stderr)
            self.assertEqual(len(answer.stderr.splitlines()), 1)
            self.assertEqual(run("bench", "sim", *words).returncode, 2)

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
