#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench: every case once, numbers that can be; of sim, what is counted and what is found, and never how fast."""
import json
import os
import unittest
from pathlib import Path

from program import CLEAN, built_peers, run

SANITIZED = os.environ["SANITIZER"] != "none"
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
        targets = ["core", "locked", "malloc", "shared", *built_peers()]
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

    def records(self, *words, code=CLEAN):
        answer = run("bench", *words, "--format", "jsonl", timeout=300)
        self.assertEqual(answer.returncode, code, answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()], answer.stderr

    def scale(self, *options):
        records, _ = self.records("scale", *options)
        return ({(r["target"], r["pattern"], r["cpus"]): r for r in records if r["kind"] == "bench-scale"},
                {(r["target"], r["pattern"]): r["shape"] for r in records if r["kind"] == "bench-scale-shape"})

    def test_scale_known_programs(self):
        """One word for all moves at each access; a word a CPU never, unless it has a neighbour on its line."""
        folder = Path(os.environ["LABYRINTH"]).parent / "targets/programs"
        for program, moves, neighbours in (("count-one", 1, 0), ("count-each", 0, 0), ("count-false", 1, 1)):
            cases, _ = self.scale("--target", str(folder / f"{program}.so"), "--pattern", "grow", "--cpus", "8")
            self.assertEqual([cpus for _, _, cpus in cases], [1, 2, 4, 8])
            for (_, _, cpus), case in cases.items():
                self.assertEqual((case["operations"], case["failed"]), (4 * 64 * cpus,) * 2)
                self.assertEqual((case["atomics"], case["updates"]), (1, 1))
                self.assertEqual(case["shared_updates"], 1 if moves and cpus > 1 else 0)
                # whoever starts later has not been met by all at first
                for name, expected in (("moves", moves), ("neighbours", neighbours)):
                    self.assertAlmostEqual(case[name], expected if cpus > 1 else 0, delta=0.05, msg=f"{program} {cpus} {name}")

    def test_scale_targets(self):
        cases, shapes = self.scale("--cpus", "4", "--pattern", "repeat,bulk")
        self.assertEqual(set(shapes), {(t, p) for t in ("core", "locked") for p in ("repeat", "bulk")})
        for (target, _, cpus), case in cases.items():
            self.assertEqual(case["failed"], 0)
            self.assertEqual(case["moves"] > 0, target == "locked" and cpus > 1, case)
        self.assertEqual(shapes[("core", "repeat")], "none")

    def test_tail(self):
        records, _ = self.records("tail", "--quick")
        stories = {r["story"]: r for r in records if r["kind"] == "bench-tail-steps"}
        self.assertEqual(list(stories), ["nested", "storm", "short", "split"])
        for story in stories.values():
            self.assertEqual(story["over"], 0)
            self.assertGreater(story["calls"], story["schedules"])
            self.assertGreater(story["own"], 10)
            self.assertGreater(story["with_interrupts"], story["own"])
            self.assertLessEqual(story["own"], story["bound"])
        for record in records:
            if record["kind"] == "bench-tail-ns":
                self.assertGreater(record["calls"], 0)
                self.assertLessEqual(record["p50"], record["p99.99"])
                self.assertLessEqual(record["p99.99"], record["max"])

    def test_tail_over(self):
        """A request with 5,000 accesses more than its bound knows of."""
        records, errors = self.records("tail", "--quick", "--limit", "3", "--time", "100ms", "--target",
                                       os.environ["CORE_LONG"], code=1)
        self.assertIn("expected at most", errors)
        for story in (r for r in records if r["kind"] == "bench-tail-steps"):
            self.assertGreater(story["over"], 0)
            self.assertGreater(story["own"], 5000)

    def test_frag(self):
        """The same days twice, to the last frame; single frames are never short while there are free ones."""
        first, _ = self.records("frag", "--days", "1", "--target", "locked")
        if not SANITIZED:
            self.assertEqual(first, self.records("frag", "--days", "1", "--target", "locked")[0])
        result, = first
        self.assertEqual((result["by"], result["refused_single"]), ("frames", 0))
        self.assertGreater(result["allocs"], 100000)
        for look in (result["end"], result["least"]):
            unusable = [look["unusable"][str(order)] for order in range(11)]
            self.assertEqual(unusable, sorted(unusable))
            self.assertEqual(unusable[0], 0)
            self.assertAlmostEqual(look["order_9_of_free"], 1 - unusable[9], places=3)
            self.assertLessEqual(look["order_9"], look["free"])
        self.assertAlmostEqual(result["given"] * 512 / 32768, result["end"]["order_9"], delta=0.001)

    @unittest.skipIf(SANITIZED, "its malloc is the sanitizer's")
    def test_frag_elsewhere(self):
        result, = self.records("frag", "--days", "1", "--target", "malloc")[0]
        self.assertEqual((result["by"], result["refused"], result["given"]), ("resident", 0, 0))
        self.assertLess(result["end"]["order_9"], result["end"]["free"])

    def test_shred(self):
        records, _ = self.records("shred", "--quick")
        ways = {(r["way"], r["bytes"]): r for r in records}
        self.assertEqual(len(ways), len(records))
        for name in ("core", "aes-128-ctr", "aes-256-ctr", "chacha20", "memset"):
            for size in (4096, 65536, 2 << 20):
                self.assertGreater(ways[(name, size)]["ns_per_block"], 0)
        for record in records:
            if record["way"] == record["best"]:
                self.assertTrue(record["keystream"])
                self.assertEqual(record["ratio_to_best"], 1)

    def test_others_usage(self):
        for words in (("scale", "--cpus", "65"), ("scale", "--pattern", "zigzag"), ("scale", "--target", "nobody"),
                      ("tail", "--days", "2"), ("tail", "--target", "nobody"), ("frag", "--days", "0"), ("shred", "--target", "core"),
                      ("frag", "--cpus", "2"), ("scale", "--quick")):
            answer = run("bench", *words)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertIn(words[1], answer.stderr)
            self.assertEqual(len(answer.stderr.splitlines()), 1)

    def test_sim_usage(self):
        for words in (("--threads", "1"), ("--program", "nothing"), ("--time", "never")):
            answer = run("bench", "sim", *words)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(words[0], answer.stderr)
        self.assertEqual(run("bench", "alloc", "--limit", "1").returncode, 2)
        self.assertEqual(run("bench").returncode, 2)


if __name__ == "__main__":
    unittest.main()
