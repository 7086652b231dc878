#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench detect, in a short form: what is found and what is not, how it is scored, and what is written."""
import html.parser
import json
import os
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, FINDING, HARNESS, PATIENCE, USAGE, run, start

NO_ANSWER = 5
CANARIES = Path(os.environ["CANARIES"]).parent
VOID = {"meta", "br"}


class Balance(html.parser.HTMLParser):
    """Every tag that is opened is closed, and nothing is loaded from elsewhere."""
    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Detect(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def detect(self, *options, code):
        answer = run("bench", "detect", "--seeds", "1", "--budget", "300ms", "--json", str(self.folder / "all.json"),
                     *options, cwd=self.folder, timeout=4 * PATIENCE)
        self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
        document = json.loads((self.folder / "all.json").read_text())
        cells = {(cell["bug"], cell["engine"]): cell for cell in document["bench-detect"]}
        return answer, cells, document["bench-detect-score"]

    def catalogue(self, **rules):
        """A folder of its own, with modules of the catalogue under the rules given; None: clean."""
        bugs = self.folder / "bugs"
        (bugs / "hooked").mkdir(parents=True)
        for name in rules:
            for kind in ("", "hooked/"):
                shutil.copy(CANARIES / f"{kind}{name.replace('_', '-')}.so", bugs / f"{kind}{name}.so")
        (bugs / "catalogue.json").write_text(json.dumps([
            {"id": name, "class": "<test>", "story": "1. It was.", **({"rule": rule} if rule else {})}
            for name, rule in rules.items()]))
        return str(bugs)

    def test_found(self):
        page = self.folder / "all.html"
        answer, cells, score = self.detect("--bugs", "r0[46]-[uo]*", "--engines", "replay,explore,random", "--html",
                                           str(page), "--findings", str(self.folder / "kept"), code=CLEAN)
        self.assertEqual({bug for bug, _ in cells}, {"core", "locked", "r04-undo-leak", "r06-order-exclusive"})
        for (bug, engine), cell in cells.items():
            self.assertEqual((cell["tries"], cell["failed"]), (1, 0))
            self.assertEqual(cell["found"], 0 if cell["clean"] else 1, f"{bug} by {engine}")
            self.assertEqual(cell["right"], cell["found"])
        explored = cells["r04-undo-leak", "explore"]["seed_1"]
        self.assertEqual(explored["rule"], "R04")
        self.assertGreater(explored["schedules"], 0)
        self.assertGreater(explored["cpu_s"], 0)
        self.assertLess(explored["ops"], explored["ops_before"])
        self.assertEqual((score["bugs"], score["points"], score["right"], score["false_positives"]), (2, 2, 2, 0))
        self.assertIn("score: 2.0 of 2, 100.0 %", answer.stdout)
        self.assertEqual(len(list((self.folder / "kept").glob("R0*.lab"))), 4)
        balance = Balance()
        balance.feed(page.read_text())
        self.assertEqual((balance.open, balance.links), ([], []))
        self.assertIn("r04-undo-leak", page.read_text())

    def test_stress(self):
        _, cells, _ = self.detect("--bugs", "r01-aba-stack", "--engines", "stress", code=CLEAN)
        self.assertEqual(cells["r01-aba-stack", "stress"]["seed_1"]["rule"], "R01")

    def test_not_found(self):
        _, cells, score = self.detect("--bugs", "r11-relaxed-give", "--engines", "explore", "--seeds", "3", code=NO_ANSWER)
        self.assertEqual(cells["r11-relaxed-give", "explore"]["tries"], 2)  # given up
        self.assertEqual(cells["core", "explore"]["tries"], 3)
        self.assertEqual((score["missed"], score["points"]), (1, 0))

    def test_another_rule(self):
        bugs = self.catalogue(r06_order_exclusive="R05")
        answer, cells, score = self.detect("--bugs", bugs, "--engines", "explore", code=NO_ANSWER)
        self.assertEqual(cells["r06_order_exclusive", "explore"]["points"], 0.5)
        self.assertEqual((score["wrong"], score["right"], score["points"]), (1, 0, 0.5))
        self.assertIn("expected R05, got R06", answer.stdout)

    def test_false_positive(self):
        bugs = self.catalogue(r06_order_exclusive="R04 or R06", r04_undo_leak=None)
        answer, cells, score = self.detect("--bugs", bugs, "--engines", "explore", code=FINDING)
        self.assertEqual((score["points"], score["bugs"], score["clean_targets"], score["false_positives"]), (1, 1, 3, 1))
        self.assertTrue(cells["r04_undo_leak", "explore"]["clean"])
        self.assertIn("false positive: r04_undo_leak by explore", answer.stdout)

    def test_no_answer(self):
        """A module that cannot be loaded is neither found nor clean."""
        bugs = self.catalogue(r06_order_exclusive="R06")
        (Path(bugs) / "hooked/r06_order_exclusive.so").write_text("nothing")
        answer, _, score = self.detect("--bugs", bugs, "--engines", "explore", code=HARNESS)
        self.assertEqual(score["failed"], 1)
        self.assertIn("no answer: r06_order_exclusive by explore", answer.stdout)

    def test_stopped(self):
        at = self.folder / "all.json"
        process = start("bench", "detect", "--engines", "explore", "--bugs", "r11-relaxed-give", "--json", str(at),
                        "--budget", "1h", cwd=self.folder)
        self.assertIn("bugs=3", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, NO_ANSWER)
        self.assertIn("stopped early", out)
        self.assertTrue(json.loads(at.read_text())["bench-detect-score"]["stopped"])

    def test_usage(self):
        for words, expectation in ((("--bugs", "r99-*"), "expected the id of a bug"),
                                   (("--bugs", str(self.folder)), "expected what the build makes in tests/canary"),
                                   (("--bugs", self.catalogue(r06_order_exclusive="R06 and R07")), "entry 0: expected"),
                                   (("--engines", "zigzag"), "expected of replay, explore, race, stress"),
                                   (("--engines", "explore,explore"), "expected each engine once"),
                                   (("--seeds", "0"), "expected"), (("--budget", "0"), "expected a time"),
                                   (("--rounds", "1"), "expected only with alloc sim shred fuzz")):
            answer = run("bench", "detect", *words)
            self.assertEqual(answer.returncode, USAGE, words)
            self.assertIn(f"{words[0]}: ", answer.stderr)
            self.assertIn(expectation, answer.stderr)
            told = [line for line in answer.stderr.splitlines() if "race is left out" not in line]  # under sanitizers
            self.assertEqual(len(told), 1)
        self.assertEqual(run("bench", "alloc", "--bugs", "r01-*").returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
