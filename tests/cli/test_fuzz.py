#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The runner of fuzz campaigns: verdicts, the folder, resuming, SIGINT and kill -9."""
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from program import CLEAN, FINDING, HARNESS, PATH, run, start

NONDETERMINISM = 4


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Fuzz(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.build = self.root / "build"
        (self.build / "fuzz").mkdir(parents=True)
        shutil.copy(Path(__file__).parent / "fake_fuzzer.py", self.build / "fuzz" / "fuzz_text")
        self.dir = self.root / "campaign"

    def arguments(self, seconds):
        return ["fuzz", "--time", f"{seconds}s", "--dir", str(self.dir), "--fuzz-build", str(self.build), "fuzz_text"]

    def fuzz(self, fake, seconds=1):
        os.environ["FAKE"] = fake
        return run(*self.arguments(seconds))

    def status(self):
        return json.loads((self.dir / "status.json").read_text())

    def test_clean(self):
        answer = self.fuzz("clean")
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertIn("seed=1", answer.stderr)
        self.assertRegex(answer.stdout, r"\Afuzz_text under libfuzzer against core: \d+000 runs in \d+ s, "
                                        r"corpus \d+, edges 12: clean\n\Z")
        self.assertEqual(self.status()["state"], "done")
        campaign = json.loads((self.dir / "campaign.json").read_text())
        self.assertEqual((campaign["command"], campaign["target"]), ("fuzz", "core"))
        self.assertRegex(campaign["options"]["libfuzzer_binary_xxh3"], r"\A[0-9a-f]{16}\Z")
        self.assertEqual((campaign["options"]["fuzzer"], campaign["options"]["engine"], campaign["options"]["seed"]),
                         ("fuzz_text", "libfuzzer", 1))
        self.assertIn("No rule was broken", (self.dir / "report.html").read_text())
        answer = run("verify", str(self.dir))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout)
        self.assertIn("whole, and every finding replays", answer.stdout)

    def test_findings_are_sorted_by_rule(self):
        answer = self.fuzz("finding", 6)
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        folders = sorted(p.name for p in (self.dir / "findings").iterdir())
        self.assertEqual([name[:4] for name in folders], ["R00-", "R01-"])
        finding = self.dir / "findings" / folders[1]
        self.assertTrue((finding / "input").read_text().startswith("R01"))
        self.assertEqual((finding / "smaller").read_text(), "R01", "it was made small")
        closing = "\n".join((finding / "README").read_text().splitlines()[:3])
        lines = closing.splitlines()
        self.assertEqual(lines[0], "finding: R01 double-ownership block=frame 64 order 0 owners=a, b")
        self.assertTrue(lines[1].endswith(f"findings/{folders[1]}/smaller (3 bytes, from 3 inputs)"), lines[1])
        self.assertTrue(lines[2].startswith("reproduce: "), lines[2])
        self.assertIn(closing, answer.stdout)
        self.assertIn("heap-use-after-free x.c:1 in f", answer.stdout)
        self.assertIn(": 2 findings\n", answer.stdout)
        page = (self.dir / "report.html").read_text()
        self.assertLess(page.index("2 findings</h1>"), page.index("R01 double-ownership"), "the verdict comes first")
        runs, elapsed = self.status()["runs"], self.status()["elapsed_s"]
        again = self.fuzz("finding", 2)
        self.assertEqual(again.returncode, FINDING, again.stderr)
        self.assertEqual(sorted(p.name for p in (self.dir / "findings").iterdir()), folders)
        self.assertIn("(3 bytes, from 3 inputs)", again.stdout, "what was sorted is not counted again")
        self.assertGreater(self.status()["runs"], runs)
        self.assertGreaterEqual(self.status()["elapsed_s"], elapsed + 1)
        self.assertEqual(run("verify", str(self.dir)).returncode, CLEAN)

    def test_verify_sees_damage(self):
        self.fuzz("finding", 1)
        finding = next((self.dir / "findings").glob("R01-*"))
        smaller = (finding / "smaller").read_text()
        (finding / "smaller").write_text("fine now")
        answer = run("verify", str(self.dir))
        self.assertEqual(answer.returncode, NONDETERMINISM)
        self.assertIn(f"{finding}/smaller: does not replay", answer.stdout)
        (finding / "smaller").write_text(smaller)
        self.assertEqual(run("verify", str(self.dir)).returncode, CLEAN)
        (finding / "finding.json").write_text('{"schema": 1, "ki')
        answer = run("verify", str(self.dir))
        self.assertEqual(answer.returncode, HARNESS)
        self.assertIn("finding.json: no JSON document", answer.stdout)
        self.assertEqual(run("verify", str(self.root)).returncode, 2)

    def test_a_crash_that_does_not_replay(self):
        answer = self.fuzz("flaky")
        self.assertEqual(answer.returncode, NONDETERMINISM, answer.stderr)
        kept = list((self.dir / "findings").glob("unreplayed-*/input"))
        self.assertEqual([path.read_text() for path in kept], ["fine now"])
        self.assertIn("crashes that did not replay", (self.dir / "report.html").read_text())

    def test_an_engine_that_dies(self):
        answer = self.fuzz("dies", 5)
        self.assertEqual(answer.returncode, HARNESS, answer.stdout)
        self.assertRegex(answer.stderr, r"job libfuzzer0 ended \(exit 1\) and is started again: \S*/log/libfuzzer0")
        self.assertIn("cannot start", (self.dir / "log" / "libfuzzer0.log").read_text())
        self.assertIn(self.status()["restarts"], (1, 2), "each time later")

    def test_compact_verdict_and_sarif(self):
        os.environ["FAKE"] = "finding"
        sarif = self.root / "out.sarif"
        answer = run(*self.arguments(60), "--ci", "--stop-on-finding", "--sarif", str(sarif))
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        lines = answer.stdout.splitlines()
        self.assertEqual(lines[1], "finding: R01 double-ownership block=frame 64 order 0 owners=a, b")
        document = json.loads(sarif.read_text())
        self.assertEqual(document["version"], "2.1.0")
        result = document["runs"][0]["results"][0]
        rules = document["runs"][0]["tool"]["driver"]["rules"]
        self.assertEqual((result["ruleId"], rules[result["ruleIndex"]]["id"]), ("R01", "R01"))
        location = result["locations"][0]["physicalLocation"]
        self.assertTrue(location["artifactLocation"]["uri"].endswith("/smaller"))
        self.assertEqual(self.status()["state"], "done")

    def test_one_campaign_at_a_time(self):
        os.environ["FAKE"] = "clean"
        program = start(*self.arguments(60))
        self.assertTrue(wait_until((self.dir / "log" / "libfuzzer0.log").exists))
        answer = run(*self.arguments(1))
        self.assertEqual(answer.returncode, HARNESS)
        self.assertIn(f"in use by process {program.pid}", answer.stderr)
        self.assertEqual(run("verify", str(self.dir)).returncode, HARNESS)
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)

    def start_slowly(self):
        os.environ["FAKE"] = "slowly"
        os.environ["PIDS"] = str(self.root / "pids")
        program = start(*self.arguments(60))
        self.assertTrue(wait_until(lambda: list((self.dir / "findings").glob("R01-*/finding.json"))))
        return program

    def test_a_killed_job_is_started_again(self):
        program = self.start_slowly()
        os.kill(int((self.root / "pids").read_text().split()[0]), signal.SIGKILL)
        self.assertTrue(wait_until(lambda: len((self.root / "pids").read_text().split()) == 2))
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=30)
        self.assertEqual(program.returncode, FINDING)
        self.assertIn("job libfuzzer0 ended (killed by signal 9) and is started again", err)
        self.assertEqual((self.status()["restarts"], self.status()["state"]), (1, "stopped"))

    def test_what_a_killed_campaign_found_is_kept(self):
        program = self.start_slowly()
        program.kill()
        program.communicate(timeout=20)
        with open(self.dir / "sorted.txt", "a", encoding="ascii") as file:
            file.write("0123")  # as if it had been cut off
        (self.dir / "findings" / "status.json.1.tmp").write_text("torn")
        (self.dir / "corpus").rename(self.dir / "corpus.old")  # killed while it replaced its corpus
        answer = self.fuzz("clean")
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        self.assertIn(": 1 finding\n", answer.stdout)
        self.assertEqual(sorted(p.name for p in self.dir.glob("corpus*")), ["corpus"])
        self.assertTrue(any((self.dir / "corpus").iterdir()))
        self.assertEqual(run("verify", str(self.dir)).returncode, CLEAN)

    def test_a_corpus_that_is_damaged(self):
        corpus = self.root / "seeds"
        corpus.mkdir()
        (corpus / "good").write_text("good")
        (corpus / "copy").write_text("good")
        (corpus / "bad").write_text("R01 of a seed")
        (corpus / "large").write_bytes(bytes(2 << 20))
        os.mkfifo(corpus / "fifo")
        (corpus / "folder").mkdir()
        os.environ["FAKE"] = "seed"
        answer = run(*self.arguments(9), "--corpus", str(corpus))
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        self.assertIn("R01", answer.stdout)
        self.assertEqual([p.name for p in (self.dir / "corpus").iterdir()], ["copy"], "sieved and minimised")
        finding = next((self.dir / "findings").glob("R01-*"))
        self.assertEqual((finding / "input").read_text(), "R01 of a seed", "it lies with the finding it came from")

    def test_a_full_disk(self):
        os.environ["FAKE"] = "fills"
        self.dir.mkdir()
        unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c",
                   'mount -t tmpfs -o size=24m tmpfs "$0" && "$@"; code=$?; '
                   'rm -f "$0/raw/filling"; cp -r "$0" "$0.kept"; exit $code', str(self.dir)]
        if subprocess.run(unshare[:3] + ["true"], capture_output=True, check=False).returncode:
            self.skipTest("no mounts of our own here")
        answer = subprocess.run(unshare + [PATH, *self.arguments(60)], encoding="utf-8", capture_output=True,
                                timeout=100, check=False)
        self.assertRegex(answer.stderr, "the disk is full|No space left on device")
        self.assertIn(answer.returncode, (FINDING, HARNESS), answer.stderr)
        self.dir.rmdir()
        Path(f"{self.dir}.kept").rename(self.dir)
        answer = self.fuzz("clean")
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        answer = run("verify", str(self.dir))
        self.assertEqual(answer.returncode, CLEAN, answer.stdout)

    def test_files_that_may_not_grow(self):
        """A quota: small files are written, report.html is not; nothing is lost, and the next one has it all."""
        os.environ["FAKE"] = "finding"
        answer = subprocess.run([PATH, *self.arguments(1)], encoding="utf-8", capture_output=True, timeout=100,
                                check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)))
        self.assertIn("cannot be written", answer.stderr)
        self.assertEqual(answer.returncode, FINDING, answer.stderr)
        self.assertFalse((self.dir / "report.html").exists())
        self.assertEqual(self.fuzz("clean").returncode, FINDING)
        self.assertEqual(run("verify", str(self.dir)).returncode, CLEAN)

    def test_screen(self):
        os.environ["FAKE"] = "slowly"
        os.environ["PIDS"] = str(self.root / "pids")
        leader, follower = pty.openpty()
        with subprocess.Popen([PATH, *self.arguments(4)], stdout=subprocess.DEVNULL, stderr=follower) as program:
            os.close(follower)
            shown = b""
            try:
                while piece := os.read(leader, 65536):
                    shown += piece
            except OSError:  # the other end is closed
                pass
            program.wait(timeout=30)
        os.close(leader)
        for word in ("runs", "coverage", "reads-from pairs", "last new", "findings   R01 1", "1 of 1 run"):
            self.assertIn(word, shown.decode())

    def use_fake_afl(self):
        tools = self.root / "tools"
        tools.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).parent / "fake_afl.py", tools / "afl-fuzz")
        before = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = f"{tools}:{before}"

    def test_both_engines_on_one_corpus(self):
        self.use_fake_afl()
        os.environ["FAKE"] = "finding"
        for seconds in (3, 10, 30):  # a busy machine may not come to the mode that crashes in one short session
            answer = run(*self.arguments(seconds), "--engine", "both", "--jobs", "4")
            self.assertEqual(answer.returncode, FINDING, answer.stderr)
            if ": 2 findings\n" in answer.stdout:
                break
        jobs = [job["name"] for job in self.status()["jobs"]]
        self.assertEqual(jobs, ["libfuzzer0", "afl-main", "libfuzzer1", "afl-worker1"])
        self.assertIn(f"-F {self.dir}/corpus", (self.dir / "afl" / "afl-main" / "command_line").read_text())
        self.assertIn("-p explore", (self.dir / "afl" / "afl-worker1" / "command_line").read_text())
        kept = {p.read_text() for p in (self.dir / "corpus").iterdir()}
        self.assertIn("found by afl-main", kept)
        self.assertIn(": 2 findings\n", answer.stdout, "one of both engines, and one crash")
        self.assertGreater(self.status()["afl_runs"], 0)
        self.assertEqual(run("verify", str(self.dir)).returncode, CLEAN)

    def test_two_hosts(self):
        """Two folders for two hosts; rsync of the mains is a copy."""
        self.use_fake_afl()
        os.environ["FAKE"] = "clean"
        shared = {host: self.root / f"sync-{host}" for host in "ab"}
        programs = {host: start(*self.arguments(60)[:3], "--dir", str(self.root / host), "--fuzz-build",
                                str(self.build), "--engine", "afl", "--jobs", "2", "--sync", str(shared[host]),
                                "--host", host, "fuzz_text") for host in "ab"}
        for host in "ab":
            self.assertTrue(wait_until((shared[host] / f"main-{host}" / "fuzzer_stats").exists))
            self.assertTrue(wait_until((shared[host] / f"worker1-{host}" / "fuzzer_stats").exists))
        shutil.copytree(shared["a"] / "main-a", shared["b"] / "main-a")
        self.assertTrue(wait_until(lambda: list((shared["b"] / "main-b" / "queue").glob("*sync:main-a"))))
        for host, program in programs.items():
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=30)
            self.assertEqual(program.returncode, FINDING)
            self.assertEqual(run("verify", str(self.root / host)).returncode, CLEAN)
        self.assertIn("found by main-a", {p.read_text() for p in (self.root / "b" / "corpus").iterdir()})
        self.assertEqual(run(*self.arguments(1), "--sync", "x").returncode, 2, "--sync is AFL++'s")

    def test_bench(self):
        os.environ["FAKE"] = "clean"
        folder = self.root / "fuzz-libfuzzer" / "fuzz"
        folder.mkdir(parents=True)
        for name in ("fuzz_empty", "fuzz_text"):
            shutil.copy(Path(__file__).parent / "fake_fuzzer.py", folder / name)
        answer = run("bench", "fuzz", "--fuzz-build", str(self.root), "--time", "1s", "--rounds", "1", "--format", "jsonl")
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        self.assertIn("fuzz_scenario: not built: left out", answer.stderr)
        empty, text = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual((empty["fuzzer"], empty["times_the_empty_one"], text["fuzzer"]), ("fuzz_empty", 1, "fuzz_text"))
        self.assertGreater(text["runs_per_cpu_s"], 0)

    def test_no_build(self):
        shutil.rmtree(self.build)
        answer = self.fuzz("clean")
        self.assertEqual(answer.returncode, HARNESS)
        self.assertIn("./lab build", answer.stderr)
        self.assertFalse(self.dir.exists())

    def test_sigint_ends_with_the_summary(self):
        os.environ["FAKE"] = "clean"
        program = start(*self.arguments(60))
        self.assertTrue(wait_until((self.dir / "log" / "libfuzzer0.log").exists))
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
        self.assertEqual(program.returncode, CLEAN, err)
        self.assertTrue(out.endswith(": clean\n"), out)
        self.assertEqual(self.status()["state"], "stopped")

    def start_stubborn(self):
        os.environ["FAKE"] = "stubborn"
        pids = self.root / "pids"
        os.environ["PIDS"] = str(pids)
        program = start(*self.arguments(60))
        self.assertTrue(wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2))
        return program, [int(pid) for pid in pids.read_text().split()]

    def test_kill_9_takes_the_children_along(self):
        program, pids = self.start_stubborn()
        self.assertTrue(all(alive(pid) for pid in pids))
        program.kill()
        program.communicate(timeout=20)
        self.assertTrue(wait_until(lambda: not any(alive(pid) for pid in pids)), "children outlived the program")
        json.loads((self.dir / "campaign.json").read_text())
        self.assertEqual([p.name for p in self.dir.iterdir() if p.name.endswith(".tmp")], [])

    def test_sigint_takes_stubborn_children_along(self):
        program, pids = self.start_stubborn()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
        self.assertTrue(wait_until(lambda: not any(alive(pid) for pid in pids)), "children outlived the program")


if __name__ == "__main__":
    unittest.main()
