#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plug-ins as somebody may have them, compiled by labyrinth-cc and given to explore and stress as they come: locks,
thread-local storage, state that is never destroyed, crashes. Each is clean as it is, and found with its bug."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "docs" / "examples"
PROGRAM = os.environ["LABYRINTH"]
WRAPPER = Path(PROGRAM).parent / "labyrinth-cc"
SANITIZED = os.environ.get("SANITIZER", "none") != "none"
COMPILERS = [name for name in ("clang-19", "gcc-12") if shutil.which(name)]
CLEAN_SCHEDULES = 500 if SANITIZED else 5000


class Plugins(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def run_in(self, *command, **environment):
        return subprocess.run([str(word) for word in command], cwd=self.folder, encoding="utf-8", capture_output=True,
                              check=False, timeout=100, env=os.environ | environment)

    def build(self, source, *options, compiler=COMPILERS[0], name="my.so"):
        answer = self.run_in(WRAPPER, "-shared", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-o", name, 
                             HERE / source, *options, LABYRINTH_CC=compiler)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return f"./{name}"

    def explore(self, plug_in, *options, seed=1):
        answer = self.run_in(PROGRAM, "explore", "--target", plug_in, "--seed", seed, *options)
        self.assertRegex(answer.stdout, r"switches_at +accesses", answer.stderr)
        return answer

    def demand_clean(self, plug_in, seed=1):
        answer = self.explore(plug_in, "--schedules", CLEAN_SCHEDULES, seed=seed)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        return answer

    def demand(self, plug_in, rule, *more):
        """With default options and a seed; it replays."""
        answer = self.explore(plug_in, *more)
        self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)
        self.assertRegex(answer.stdout, rf"finding: ({rule}) ")
        again = re.search(r"^reproduce: labyrinth (replay \S+)$", answer.stdout, re.M)[1]
        limit = [word for word in ("--cpu-limit", "500ms") if word in more]
        self.assertEqual(self.run_in(PROGRAM, *again.split(), *limit).returncode, 1)
        return answer.stdout

    def test_caches_of_threads(self):
        for compiler in COMPILERS:
            for kind in ([], ["-DKEYED"]):
                with self.subTest(compiler=compiler, kind=kind):
                    self.demand_clean(self.build("tls_cache.c", *kind, compiler=compiler))
        for bug, rule in ((1, "R01|R04"), (2, "R01"), (3, "R04|R06")):
            for kind in ([], ["-DKEYED"]):
                with self.subTest(bug=bug, kind=kind):
                    self.demand(self.build("tls_cache.c", f"-DBUG={bug}", *kind), rule)

    def test_who_waits(self):
        for compiler in COMPILERS:
            self.demand_clean(self.build("waiters.c", compiler=compiler))
        for bug, rule in ((1, "R09"), (2, "R01|R05"), (3, "R09"), (4, "R07"), (5, "R08")):
            with self.subTest(bug=bug):
                self.demand(self.build("waiters.c", f"-DBUG={bug}"), rule)

    @unittest.skipIf(SANITIZED, "too few runs for what was left of each to tell")
    def test_what_is_never_destroyed_is_put_back(self):
        """It hands a frame out twice after 30,000 requests, of which no run here has as many."""
        for compiler in COMPILERS:
            plug_in = self.build("lasting.c", compiler=compiler)
            hashes = set()
            for _ in range(2):
                out = self.demand_clean(plug_in, seed=7).stdout
                self.assertGreater(int(re.search(r"schedules +(\d+)", out)[1]), 1000)
                hashes.add(re.search(r"event_hash +(\w+)", out)[1])
            self.assertEqual(len(hashes), 1)

    def test_native_ones_are_put_back_as_well(self):
        plug_in = self.build("lasting.c", "--native")
        answer = self.run_in(PROGRAM, "explore", "--target", plug_in, "--seed", "1", "--schedules", "2000")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    @unittest.skipIf(SANITIZED, "what the threads would have to share is instrumented, and the plug-in is not")
    def test_under_stress(self):
        """Each thread gives back what is in its own cache; four workloads, one instance after the other."""
        for kind in ("-UKEYED", "-DKEYED"):
            plug_in = self.build("tls_cache.c", "--native", "-O2", kind)
            answer = self.run_in(PROGRAM, "stress", "--target", plug_in, "--threads", "2", "--duration", "1s", "--seed", "1",
                                 "--workload", "nic_rx,storage_dma,handoff,mixed")
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    @unittest.skipIf(SANITIZED, "a sanitizer tells the stack of a crash by itself")
    def test_crashes_and_hangs_come_with_their_stack(self):
        for bug, rule, line in ((1, "R00", "clear plugins/crash.c:"), (2, "R09", "go_round plugins/crash.c:"), (3, "R00", "abort ")):
            with self.subTest(bug=bug):
                out = self.demand(self.build("crash.c", f"-DBUG={bug}"), rule, "--cpu-limit", "500ms")
                stack = out[out.index("\nstack\n"):out.index("\nfinding: ")]
                self.assertIn(line, stack)
                self.assertIn("crash_free plugins/crash.c:", stack)
                self.assertNotIn("lab_", stack)

    def test_the_examples_of_each_shape(self):
        """Those of docs/examples that no other test builds; without its lock the C++ one is found."""
        for compiler in COMPILERS:
            for sources in (("pool.c", "pool_target.c"), ("owned_target.c",), ("free_list.cpp",)):
                with self.subTest(compiler=compiler, sources=sources):
                    *others, last = (EXAMPLES / name for name in sources)
                    self.demand_clean(self.build(last, *others, compiler=compiler))
        source = (EXAMPLES / "free_list.cpp").read_text()
        self.assertEqual(source.count("std::lock_guard<std::mutex> guard(lock_);"), 2)
        (self.folder / "bare.cpp").write_text(source.replace("std::lock_guard<std::mutex> guard(lock_);", ""))
        self.demand(self.build(self.folder / "bare.cpp"), "R01|R00|R04")

    def test_each_word_of_an_owner_is_told_apart(self):
        """An owned frame that anybody may free is misuse let through."""
        source = (EXAMPLES / "owned_target.c").read_text()
        broken = source.replace("if (from != NOBODY && change(owned, frame, from, to))",
                                "if (atomic_exchange(&owned->owners[frame], to) != NOBODY)")
        self.assertNotEqual(source, broken)
        (self.folder / "anybody.c").write_text(broken)
        self.demand(self.build(self.folder / "anybody.c"), "R02|R01")

    @unittest.skipUnless(shutil.which("rustc"), "no rustc")
    def test_rust(self):
        """As it comes the code is one step; with rustc's own hooks it is searched, and found without its lock."""
        def library(source, *options):
            return self.run_in("rustc", "--edition", "2021", "-O", "-g", "-C", "panic=abort", "--crate-type", "staticlib", "-o",
                               "libstack.a", source, *options, RUSTC_BOOTSTRAP="1")

        adapter, library_file = EXAMPLES / "stack_target.c", self.folder / "libstack.a"
        made = library(EXAMPLES / "stack.rs")
        self.assertEqual(made.returncode, 0, made.stderr)
        plain = self.build(adapter, "--native", library_file)
        answer = self.run_in(PROGRAM, "explore", "--target", plain, "--schedules", "500", "--seed", "1")
        self.assertRegex(answer.stdout, r"switches_at +calls")
        self.assertEqual(answer.returncode, 0, answer.stdout)

        bare = (EXAMPLES / "stack.rs").read_text().replace("STACK.busy.swap(true, Ordering::Acquire)", "false")
        (self.folder / "bare.rs").write_text(bare)
        hooks = ["-Zsanitizer=thread", "-Cunsafe-allow-abi-mismatch=sanitizer"]
        if library(EXAMPLES / "stack.rs", *hooks).returncode:
            hooks.pop() # older ones have no such thing
            if library(EXAMPLES / "stack.rs", *hooks).returncode:
                self.skipTest("a rustc without hooks")
        self.demand_clean(self.build(adapter, library_file))
        self.assertEqual(library(self.folder / "bare.rs", *hooks).returncode, 0)
        self.demand(self.build(adapter, library_file), "R01|R04")

    def test_what_is_not_hooked_is_said_so(self):
        plug_in = self.build("tls_cache.c", "--native")
        answer = self.run_in(PROGRAM, "explore", "--target", plug_in, "--schedules", "50")
        self.assertRegex(answer.stdout, r"switches_at +calls")
        self.assertIn("labyrinth-cc", answer.stderr)


if __name__ == "__main__":
    unittest.main()
