#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stress --dir and explore --dir: a campaign's folder as fuzz makes it, resumed, verified, and its report looked at in a
browser at two widths."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, FINDING, run

LOST_UPDATE = os.environ["LOST_UPDATE"]
LOST_UPDATE_HOOKED = os.environ["LOST_UPDATE_HOOKED"]
CHROMIUM = shutil.which("chromium")
SANITIZER = os.environ.get("SANITIZER", "none")

# Runs in the page: what a person would see go wrong.
LOOK = """<script>
addEventListener('load', () => setTimeout(() => {
  const frames = [...document.querySelectorAll('details[open] iframe')];
  const told = {
    overflow: document.documentElement.scrollWidth - innerWidth,
    rows: frames.map(f => f.contentDocument.querySelectorAll('tbody tr').length),
    frameOverflow: frames.map(f => f.contentDocument.documentElement.scrollWidth - f.clientWidth),
    frameHeights: frames.map(f => f.clientHeight),
    figures: [...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect().height),
    verdictTop: document.querySelector('h1').getBoundingClientRect().top,
    broken: window.broken || [],
  };
  document.title = 'LOOK' + JSON.stringify(told) + 'KOOL';
}, 300));
addEventListener('error', e => (window.broken = window.broken || []).push(e.message));
</script></head>"""


class Report(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.dir = self.root / "campaign"

    def status(self):
        return json.loads((self.dir / "status.json").read_text())

    def verify(self):
        answer = run("verify", str(self.dir))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout + answer.stderr)

    def look(self, width):
        page = (self.dir / "report.html").read_text()
        self.assertEqual(re.findall(r"""(?:src|href)=["']?(?!#)\w+:""", page), [], "it needs no other file")
        (self.root / "look.html").write_text(page.replace("</head>", LOOK, 1))
        answer = subprocess.run(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.root}/profile",
             f"--window-size={width},2000", "--virtual-time-budget=3000", "--dump-dom",
             f"file://{self.root}/look.html"], encoding="utf-8", capture_output=True, timeout=100, check=False)
        told = re.search(r"<title>LOOK(.*?)KOOL</title>", answer.stdout)
        self.assertTrue(told, answer.stderr)
        return json.loads(told.group(1))

    def look_everywhere(self, figures, frames):
        if not CHROMIUM:
            self.skipTest("no browser here")
        for width in (1280, 500):  # the least that a headless window may have
            seen = self.look(width)
            self.assertLessEqual(seen["overflow"], 0, f"{width}: the page is wider than the window")
            self.assertEqual(seen["broken"], [])
            self.assertLess(seen["verdictTop"], 100, "the verdict comes first")
            self.assertGreaterEqual(len(seen["figures"]), figures)
            self.assertTrue(all(height > 80 for height in seen["figures"]), seen)
            self.assertEqual(len(seen["rows"]), frames)
            for rows, overflow, height in zip(seen["rows"], seen["frameOverflow"], seen["frameHeights"]):
                self.assertGreater(rows, 3, "the steps")
                self.assertLessEqual(overflow, 0)
                self.assertGreater(height, 100)

    def test_stress(self):
        answer = run("stress", "--dir", str(self.dir), "--duration", "3s", "--seed", "1", "--workload", "nic_rx")
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertIn("0 findings in", answer.stderr)
        first = self.status()
        page = (self.dir / "report.html").read_text()
        for words in ("No rule was broken", "Free frames of zone normal against its watermarks", "min ", "low ",
                      "Latency of alloc in hardirq context", "Effective options"):
            self.assertIn(words, page)
        count = json.loads((self.dir / "latency.json").read_text())["alloc"]["task"]["count"]
        answer = run("stress", "--dir", str(self.dir), "--duration", "1s", "--seed", "2", "--workload", "nic_rx,mixed",
                     "--keep-going")
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertGreater(self.status()["operations"], first["operations"], "it goes on from there")
        self.assertGreater(json.loads((self.dir / "latency.json").read_text())["alloc"]["task"]["count"], count)
        times = [json.loads(line)["t"] for line in (self.dir / "history.jsonl").read_text().splitlines()]
        self.assertEqual(times, sorted(times))
        self.verify()
        self.look_everywhere(figures=6, frames=0)

    def test_explore(self):
        arguments = ["explore", "--dir", str(self.dir), "--target", LOST_UPDATE_HOOKED, "--keep-going", "--schedules",
                     "20000", "--seed", "1"]
        if SANITIZER == "thread":
            self.skipTest("the deterministic engine has one thread")
        answer = run(*arguments)
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        finding = next((self.dir / "findings").glob("R01-*"))
        told = json.loads((finding / "finding.json").read_text())
        self.assertTrue(told["replays"])
        self.assertTrue(told["place"].startswith("canary/r01-lost-update.c:"), told["place"])
        self.assertIn("comes in over", (finding / "lanes.txt").read_text())
        self.assertTrue((finding / "scenario.scn").read_text().startswith("# target "))
        folders = sorted(p.name for p in (self.dir / "findings").iterdir())
        schedules = self.status()["schedules"]
        self.assertEqual(run(*arguments).returncode, FINDING)
        self.assertEqual(sorted(p.name for p in (self.dir / "findings").iterdir()), folders)
        self.assertGreater(self.status()["schedules"], schedules)
        self.verify()
        self.look_everywhere(figures=1, frames=1)

    def test_stress_that_finds(self):
        answer = run("stress", "--dir", str(self.dir), "--target", LOST_UPDATE, "--hooked", LOST_UPDATE_HOOKED,
                     "--workload", "nic_rx", "--duration", "5s", "--seed", "1", timeout=200)
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        finding = next((self.dir / "findings").glob("R*"))
        self.assertIn("The last events of each thread", (finding / "log.txt").read_text())
        told = json.loads((finding / "finding.json").read_text())
        self.assertRegex((finding / "README").read_text(), r"reproduce: labyrinth (replay|stress) ")
        if told["rule"] == "R01" and told["replays"]:
            self.assertTrue(told["known"].startswith("r01-"), "what corpus/regress shows here is known")
        self.verify()


if __name__ == "__main__":
    unittest.main()
