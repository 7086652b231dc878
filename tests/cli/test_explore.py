#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""explore, minimize and replay: a seeded bug becomes a small artifact that replays; clean targets end clean."""
import collections
import html.parser
import json
import os
import re
import resource
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from program import CLEAN, FINDING, PATIENCE, USAGE, run, start

# Of the many runs that crash here, each would be told with names, which takes a sanitizer a while.
os.environ.setdefault("ASAN_OPTIONS", "symbolize=0")

HARNESS, NONDETERMINISM = 3, 4
LOST_UPDATE = os.environ["LOST_UPDATE"]
HOOKED = str(Path(LOST_UPDATE).parent / "hooked" / Path(LOST_UPDATE).name)

PAIR = """machine frames=64 cpus=2 order-max=3
zone normal frames=0+64 min=4 low=5 high=6 reserve=0
task a cpu=0 { s0 = alloc kernel 0; free s0; }
task b cpu=1 { s0 = alloc kernel 0; free s0; }
"""

# Much that does not matter around one allocation that an interrupt has to cut in two.
LONG = """machine frames=64 cpus=2 order-max=3
zone normal frames=0+64 min=4 low=5 high=6 reserve=0
task a cpu=0 { s0 = alloc nowait 0; touch s0; free s0; s1 = alloc nowait 0; touch s1; s2 = alloc nowait 0; free s1; }
task b cpu=1 { s0 = alloc nowait 0; touch s0; s3 = alloc nowait 0; free s0; free s3; }
hardirq rx cpu=0 { p0 = alloc atomic 0; touch p0; }
softirq tx cpu=1 { p0 = alloc atomic 0; free p0; }
"""


class Page(html.parser.HTMLParser):
    """Which elements a page has, and whether each is closed where it should be."""
    VOID = {"meta", "input", "col", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.complaints, self.links, self.ids = [], [], [], set()
        self.count = collections.Counter()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.count[tag] += 1
        if tag in ("script", "link", "img", "iframe") or "src" in attributes:
            self.complaints.append(f"<{tag}>")
        if "href" in attributes:
            self.links.append(attributes["href"])
        if "id" in attributes:
            if attributes["id"] in self.ids:
                self.complaints.append(f"id {attributes['id']} twice")
            self.ids.add(attributes["id"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}>")


class Explore(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.pair = self.root / "pair.scn"
        self.pair.write_text(PAIR)
        self.long = self.root / "long.scn"
        self.long.write_text(LONG)

    def records(self, *args, code=CLEAN):
        answer = run("explore", "--format", "jsonl", *map(str, args), cwd=self.root)
        self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()], answer.stderr

    def test_a_small_scenario_is_exhausted(self):
        single = self.root / "single.scn"
        single.write_text(PAIR.replace(" free s0;", ""))
        for target, path in (("core", single), ("locked", self.pair)):
            with self.subTest(target=target):
                records, _ = self.records("--strategy", "dpor", "--time", "60s", "--target", target, path)
                scenario, end = records[1], records[2]
                self.assertTrue(scenario["complete"])
                self.assertRegex(scenario["searched"], r"^exhausted: \d+ schedules, \d+ of them cut short")
                self.assertEqual(end["complete"], 1)

    def test_older_values_are_asked_for(self):
        counts = {}
        for memory in ("sc", "c11"):
            records, _ = self.records("--memory", memory, "--strategy", "bound", "--preemptions", "2", self.pair)
            self.assertEqual(records[0]["memory"], memory)
            counts[memory] = records[2]["schedules"]
        self.assertGreater(counts["c11"], counts["sc"])
        self.assertEqual(records[2]["complete"], 0)
        for words in (("--memory", "tso"), ("--memory", "c11", "--strategy", "dpor")):
            answer = run("explore", *words, str(self.pair), cwd=self.root)
            self.assertEqual(answer.returncode, USAGE)
            self.assertRegex(answer.stderr, "^labyrinth: explore: --memory: '")

    def test_bounds_tell_their_counts(self):
        records, _ = self.records("--strategy", "bound", "--preemptions", "1", self.pair)
        self.assertRegex(records[1]["searched"], r"^0 preempted: 2, 1 preempted: \d+$")

    def test_a_seed_tells_the_same_again(self):
        ends = [self.records("--seed", "7", "--schedules", "3000")[0][-1] for _ in range(2)]
        for name in ("scenarios", "schedules", "traces", "unseen"):
            self.assertEqual(ends[0][name], ends[1][name])

    def find(self, *args, target=LOST_UPDATE):
        answer = run("explore", "--target", target, "--seed", "1", *map(str, args), cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        finding, artifact, reproduce = re.search(r"^(finding: .*)\n(artifact: .*)\n(reproduce: .*)$", answer.stdout,
                                                 re.MULTILINE).groups()
        self.assertIn("R01 double-ownership", finding)
        return artifact, reproduce

    def test_cpu_time_is_a_limit_of_its_own(self):
        """However long it takes: the processes that run schedules get that much, and a finding tells what it took."""
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = run("explore", "--seed", "1", "--cpu-time", "300ms", "--format", "jsonl", timeout=4 * PATIENCE)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertEqual(json.loads(answer.stdout.splitlines()[0])["cpu_time_s"], 0.3)
        self.assertGreater(ended.ru_utime - begun.ru_utime + ended.ru_stime - begun.ru_stime, 0.29)
        with tempfile.TemporaryDirectory() as folder:
            answer = run("explore", "--seed", "1", "--target", HOOKED, "--format", "jsonl", cwd=folder)
        told = [json.loads(line) for line in answer.stdout.splitlines() if '"finding"' in line][-1]
        self.assertGreater(told["after_cpu_s"], 0)
        self.assertGreater(told["after_schedules"], 0)
        self.assertEqual(run("explore", "--cpu-time", "0").returncode, USAGE)

    def test_a_finding_is_small_and_replays(self):
        for strategy in ("auto", "irq", "random", "pct", "pos", "surw", "bound"):
            with self.subTest(strategy=strategy):
                artifact, reproduce = self.find("--strategy", strategy, "--schedules", "200000", self.long)
                ops, interrupts, switches, before = map(int, re.search(
                    r"\((\d+) ops, (\d+) interrupts, (\d+) switches, from (\d+) ops\)", artifact).groups())
                self.assertEqual((ops, interrupts, switches, before), (2, 1, 0, 16))
                for _ in range(3):
                    answer = run(*reproduce.split()[2:], cwd=self.root)
                    self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
                    self.assertEqual(answer.stderr, "")

    def test_a_finding_ends_what_is_printed(self):
        answer = run("explore", "--target", LOST_UPDATE, "--seed", "1", str(self.long), cwd=self.root)
        self.assertEqual([line.split(":")[0] for line in answer.stdout.splitlines()[-3:]],
                         ["finding", "artifact", "reproduce"])

    def test_a_finding_is_told_in_columns(self):
        _, reproduce = self.find(self.long, target=HOOKED)
        path = reproduce.split()[-1]
        text = run("replay", path, cwd=self.root).stdout
        steps = [line for line in text.splitlines() if re.match(r"[ ▶] +\d+  ", line)]
        self.assertRegex(text, r"\n {8}task (a|b), cpu \d +(hardirq rx|softirq tx), cpu \d\n")
        self.assertEqual(sum("comes in over" in step for step in steps), 1)
        self.assertEqual(sum("⋯ interrupted" in step for step in steps), 1)
        self.assertEqual(text.count("masks interrupts"), 2)
        self.assertIn("r01-lost-update.c:", text)
        self.assertIn("unsigned count = magazine->count;", " ".join(text.split()))
        self.assertEqual(text.count("→ block #1"), 4)  # both takes, in the table and below it
        self.assertIn("✗ R01 double-ownership", text)
        self.assertIn("R01 asks: a frame has one owner at a time. Here: ", text)
        self.assertEqual([line.split(":")[0] for line in text.splitlines()[-3:]],
                         ["finding", "artifact", "reproduce"])

    def test_more_and_fewer_steps(self):
        _, reproduce = self.find(self.long, target=HOOKED)
        path = reproduce.split()[-1]
        folded, whole, none = (run("replay", *options, path, cwd=self.root).stdout.count("reads ")
                               for options in ([], ["--all-steps"], ["--no-lanes"]))
        self.assertEqual(folded, 2)
        self.assertGreater(whole, 10)
        self.assertEqual(none, 0)

    def test_findings_are_told_unless_not_wanted(self):
        for options, told in (([], True), (["--no-lanes"], False), (["--format", "jsonl"], False)):
            with self.subTest(options=options):
                answer = run("explore", "--target", HOOKED, "--seed", "1", *options, str(self.long), cwd=self.root)
                self.assertEqual(answer.returncode, FINDING, answer.stderr)
                self.assertEqual("✗ R01 double-ownership" in answer.stdout, told)
                path = re.search(r"labyrinth replay (\S+)", answer.stdout + answer.stderr).group(1)
                answer = run("minimize", *options, path, cwd=self.root)
                self.assertEqual(answer.returncode, FINDING, answer.stderr)
                self.assertEqual("✗ R01 double-ownership" in answer.stdout, told)

    def test_steps_for_programs(self):
        _, reproduce = self.find(self.long, target=HOOKED)
        answer = run("replay", "--lanes", "--format", "jsonl", reproduce.split()[-1], cwd=self.root)
        self.assertEqual(answer.returncode, FINDING)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        steps = [record for record in records if record["kind"] == "step"]
        self.assertEqual([step["step"] for step in steps], list(range(1, len(steps) + 1)))
        self.assertEqual([step["event"] for step in steps].count("interrupt"), 1)
        writes = [step for step in steps if step["event"] == "write" and step["matters"]]
        self.assertEqual([(step["before"], step["after"]) for step in writes], [(256, 255), (255, 255)])
        for step in writes:
            self.assertEqual((step["function"], step["source"]), ("pool_alloc", "magazine->count = count - 1;"))
        self.assertEqual([step["result"] for step in steps if "result" in step], ["ok"])
        silent = run("replay", "--format", "jsonl", reproduce.split()[-1], cwd=self.root)
        self.assertEqual([json.loads(line)["kind"] for line in silent.stdout.splitlines()], ["replay"])

    def test_a_page_of_its_own(self):
        _, reproduce = self.find(self.long, target=HOOKED)
        path = reproduce.split()[-1]
        answer = run("replay", "--html", "story.html", path, cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        text = (self.root / "story.html").read_text(encoding="utf-8")
        page = Page(text)
        self.assertEqual(page.open, [])
        self.assertEqual(page.complaints, [])
        self.assertEqual(page.count["h1"], 1)
        self.assertGreater(page.count["tr"], 10)
        self.assertLessEqual({link[1:] for link in page.links}, page.ids)
        self.assertNotIn("http", text)
        for expected in ("R01 double-ownership", f"labyrinth replay {path}", "comes in over", "magazine-&gt;count",
                         "255 stays", "✗ R01"):
            self.assertIn(expected, text)

    def test_a_page_that_cannot_be_written(self):
        _, reproduce = self.find(self.long, target=HOOKED)
        path = reproduce.split()[-1]
        answer = run("replay", "--html", "no-such-folder/story.html", path, cwd=self.root)
        self.assertEqual(answer.returncode, HARNESS)
        self.assertIn("replay: --html: no-such-folder/story.html: No such file or directory", answer.stderr)
        for paths in ([path, path], ["findings"]):
            answer = run("replay", "--html", "story.html", *paths, cwd=self.root)
            self.assertEqual(answer.returncode, USAGE)
            self.assertIn("--html: 'story.html': expected one file to replay, got ", answer.stderr)

    def test_a_clean_run_is_told_if_asked(self):
        self.assertNotIn("alloc kernel", run("replay", str(self.pair), cwd=self.root).stdout)
        text = run("replay", "--lanes", str(self.pair), cwd=self.root).stdout
        self.assertEqual(len(re.findall(r"s0 = alloc kernel 0 → frame \d", text)), 2)
        self.assertNotIn("✗", text)

    def test_another_target_diverges(self):
        _, reproduce = self.find(self.long)
        answer = run("replay", "--target", "core", reproduce.split()[-1], cwd=self.root)
        self.assertEqual(answer.returncode, NONDETERMINISM, answer.stdout + answer.stderr)
        self.assertRegex(answer.stderr, r"diverged at event \d+ of ")
        self.assertNotIn("finding: R", answer.stdout)

    def test_minimize_takes_any_form(self):
        # one of the places of the interrupt is between a count and its mask
        for at in range(1, 40):
            text = self.root / "at.scn"
            text.write_text(LONG + f"schedule rx@a:{at}\n")
            if run("replay", "--target", LOST_UPDATE, str(text), cwd=self.root).returncode == FINDING:
                break
        answer = run("minimize", "--target", LOST_UPDATE, str(text), "-o", "small.lab", cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        self.assertIn("artifact: small.lab (2 ops, ", answer.stdout)
        self.assertEqual(run("replay", "small.lab", cwd=self.root).returncode, FINDING)

    def test_minimize_wants_a_finding(self):
        answer = run("minimize", str(self.pair), cwd=self.root)
        self.assertEqual(answer.returncode, USAGE)
        self.assertIn("breaks no rule", answer.stderr)

    def test_from_a_corpus(self):
        corpus = self.root / "corpus"
        corpus.mkdir()
        (corpus / "a.scn").write_text(PAIR)
        (corpus / "raw").write_bytes(bytes(range(200)))
        records, _ = self.records("--from", corpus, "--strategy", "random", "--schedules", "5000")
        self.assertEqual([record["file"] for record in records if record["kind"] == "scenario"],
                         [str(corpus / "a.scn"), str(corpus / "raw")])

    # A sanitizer in the program sees to signals itself, and says on the standard error what it saw.
    CRASH = r"SIGSEGV at harm-crash\.so\+0x[0-9a-f]+, address 0x8" if os.environ["SANITIZER"] == "none" \
        else "a sanitizer's report is on the standard error"
    HARMS = {"CRASH": ("R00", CRASH),
             "EXIT": ("R00", "the process was ended with exit code 7"),
             "LOOP": ("R09", r"no event and no end within 0\.2 s of CPU time"),
             "SLEEP": ("R09", "asleep in a system call for good")}

    def test_what_takes_its_process_along_is_a_finding(self):
        single = self.root / "single.scn"
        single.write_text(PAIR.replace(" free s0;", ""))
        for harm, (rule, how) in self.HARMS.items():
            # each try to make a hang smaller takes its time
            path, before = (self.pair, 4) if rule == "R00" else (single, 2)
            limit = ("--cpu-limit", "200ms")
            with self.subTest(harm=harm):
                answer = run("explore", "--target", os.environ["HARM_" + harm], "--seed", "1", *limit, str(path),
                             cwd=self.root)
                self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
                self.assertRegex(answer.stdout, f"\nfinding: {rule} [a-z]+ {how}, after task [ab]: .*\n"
                                                r"artifact: .* \(2 ops, 0 interrupts, 1 switches, from "
                                                f"{before} ops\\)\n")
                self.assertEqual("ERROR: AddressSanitizer" in answer.stderr, how.startswith("a sanitizer"))
                artifact = answer.stdout.split()[-1]
                answer = run("replay", *limit, artifact, cwd=self.root)
                self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
                self.assertRegex(answer.stdout, f"finding: {rule} [a-z]+ {how}")
                answer = run("minimize", *limit, artifact, "-o", "again.lab", cwd=self.root)
                self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
                self.assertIn("artifact: again.lab (2 ops, 0 interrupts, 1 switches, from 2 ops)", answer.stdout)

    def test_goes_on_after_a_finding_if_asked_to(self):
        answer = run("explore", "--target", os.environ["HARM_CRASH"], "--seed", "1", "--keep-going", "--schedules",
                     "3000", "--format", "jsonl", cwd=self.root)
        self.assertEqual(answer.returncode, FINDING, answer.stdout + answer.stderr)
        records = [json.loads(line) for line in answer.stdout.splitlines()]
        end = next(record for record in records if record["kind"] == "explore")
        findings = [record for record in records if record["kind"] == "finding"]
        self.assertGreaterEqual(end["schedules"], 3000)
        self.assertEqual(end["findings"], len(findings))
        self.assertGreater(sum(finding["met"] for finding in findings), len(findings))
        self.assertEqual(len({finding["artifact"] for finding in findings}), len(findings))

    def test_what_is_not_the_same_twice_is_told(self):
        told = r"R17 determinism.* two runs differ at event 3: task a: write of 8 bytes at data\+0x[0-9a-f]+, code " \
               r"0x[0-9a-f]+; or: task a: write of 8 bytes at data\+0x[0-9a-f]+, code 0x[0-9a-f]+$"
        explored = run("explore", "--target", os.environ["UNSTEADY"], "--seed", "1", str(self.pair), cwd=self.root)
        self.assertEqual(explored.returncode, 4, explored.stdout + explored.stderr)
        artifact = explored.stdout.split("reproduce: labyrinth replay ")[1].strip()
        replayed = run("replay", artifact, cwd=self.root)
        self.assertEqual(replayed.returncode, 4, replayed.stdout + replayed.stderr)
        raw = run("replay", "--target", os.environ["UNSTEADY"], str(self.pair), cwd=self.root)
        self.assertEqual(raw.returncode, 4, raw.stdout + raw.stderr)
        for answer in (explored, replayed, raw):
            line = [line for line in answer.stdout.split("\n") if line.startswith("finding: ")][-1]
            self.assertRegex(line.removeprefix("finding: "), told)

    def test_interrupted_ends_cleanly(self):
        program = start("explore", "--time", "60s", "--seed", "1", cwd=self.root)
        self.assertIn("options", program.stdout.readline())
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=30)
        self.assertEqual(program.returncode, CLEAN)
        self.assertIn("schedules_per_second", out)


if __name__ == "__main__":
    unittest.main()
