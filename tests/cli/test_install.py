#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `meson install` puts into a folder is whole: the program finds its modules there, and a plug-in is compiled and
tested as its author would, with labyrinth-cc and with pkg-config's words."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["LABYRINTH"]).parent
EXAMPLE = [str(ROOT / "docs" / "examples" / name) for name in ("bitmap.c", "bitmap_target.c")]
COMPILERS = [name for name in ("clang-19", "gcc-12") if shutil.which(name)]


def run(*command, cwd, **environment):
    return subprocess.run([str(word) for word in command], cwd=cwd, encoding="utf-8", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=100, env=os.environ | environment)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.root)
        answer = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.root, cwd=cls.root)
        assert answer.returncode == 0, answer.stdout
        programs = list(cls.root.rglob("bin/labyrinth"))
        assert len(programs) == 1, answer.stdout
        cls.bin = programs[0].parent
        cls.prefix = cls.bin.parent

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(dir=self.root))

    def run_ok(self, *command, code=0, **environment):
        answer = run(*command, cwd=self.folder, **environment)
        self.assertEqual(answer.returncode, code, f"{command}\n{answer.stdout}")
        return answer.stdout

    def labyrinth(self, *arguments, code=0, **environment):
        return self.run_ok(self.bin / "labyrinth", *arguments, code=code, **environment)

    def test_it_finds_its_own_modules(self):
        out = self.labyrinth("explore", "--target", "core", "--schedules", "50", "--seed", "1")
        self.assertRegex(out, r"switches_at +accesses")
        for peer in (BUILD / "peers").glob("*.so"):
            self.assertNotIn(f"{peer.stem}: not built", self.labyrinth("targets"))
            self.labyrinth("targets", "--target", peer.stem)
        if (BUILD / "labyrinth-race").exists():
            self.labyrinth("explore", "--target", "core", "--race", "--schedules", "20", "--seed", "1")

    def test_fuzz_says_what_is_missing(self):
        """Fuzz targets are other builds: where they are not installed, one line says so; seeds are there."""
        out = self.labyrinth("fuzz", "fuzz_text", "--time", "1s", code=3)
        self.assertRegex(out, r"\Alabyrinth: fuzz: \S+/fuzz_text: no fuzz target for libFuzzer: './lab build'[^\n]*\n\Z")
        self.assertTrue(list((self.prefix / "share" / "labyrinth" / "corpus" / "fuzz_text").iterdir()))
        self.assertTrue(list((self.prefix / "share" / "labyrinth" / "corpus" / "regress").iterdir()))
        fuzz_text = next(self.prefix.glob("lib/**/labyrinth")) / "fuzz-libfuzzer" / "fuzz_text"
        fuzz_text.parent.mkdir()
        shutil.copy(Path(__file__).parent / "fake_fuzzer.py", fuzz_text)
        out = self.labyrinth("fuzz", "fuzz_text", "--time", "1s", FAKE="clean")
        self.assertIn(": clean\n", out)

    def judge(self, plug_in):
        """Clean as it is, hooked."""
        out = self.labyrinth("explore", "--target", plug_in, "--schedules", "300", "--seed", "1")
        self.assertRegex(out, r"switches_at +accesses")
        self.assertRegex(out, r"findings +0")

    def test_labyrinth_cc(self):
        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                self.run_ok(self.bin / "labyrinth-cc", "-shared", "-Wall", "-Werror", "-o", "all.so", *EXAMPLE,
                            LABYRINTH_CC=compiler)
                self.judge("./all.so")
                objects = []
                for source in EXAMPLE:
                    objects.append(Path(source).stem + ".o")
                    self.run_ok(self.bin / "labyrinth-cc", "-O2", "-c", "-o", objects[-1], source, LABYRINTH_CC=compiler)
                self.run_ok(self.bin / "labyrinth-cc", "-shared", "-o", "apart.so", *objects, LABYRINTH_CC=compiler)
                self.judge("./apart.so")

    def test_what_is_broken_is_found(self):
        source = Path(EXAMPLE[0]).read_text()
        for call in ("lock", "unlock"):
            source = source.replace(f"\tpthread_mutex_{call}(&bitmap->lock);\n", "")
        (self.folder / "bitmap.c").write_text(source)
        sources = ("bitmap.c", EXAMPLE[1], "-I", ROOT / "docs" / "examples")
        self.run_ok(self.bin / "labyrinth-cc", "-shared", "-o", "hooked.so", *sources)
        out = self.labyrinth("explore", "--target", "./hooked.so", "--schedules", "200000", "--seed", "1", code=1)
        self.assertIn("finding: R01 ", out)
        self.assertIn("bitmap.c:", out)
        self.run_ok(self.bin / "labyrinth-cc", "--native", "-O2", "-shared", "-o", "native.so", *sources)
        out = self.labyrinth("explore", "--target", "./native.so", "--schedules", "1000", "--seed", "1")
        self.assertRegex(out, r"switches_at +calls")

    def test_native_under_stress(self):
        self.run_ok(self.bin / "labyrinth-cc", "--native", "-shared", "-o", "native.so", *EXAMPLE)
        out = self.labyrinth("stress", "--target", "./native.so", "--threads", "2", "--duration", "500ms", "--seed", "1")
        self.assertRegex(out, r"clean +true")

    def test_pkg_config(self):
        where = next(self.prefix.rglob("labyrinth.pc")).parent

        def words(*what):
            return self.run_ok("pkg-config", f"--define-variable=prefix={self.prefix}", *what, "labyrinth", PKG_CONFIG_PATH=str(where)).split()

        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                kind = compiler.split("-")[0]
                self.run_ok(compiler, *words("--cflags"), *words(f"--variable=hooked_cflags_{kind}"), "-g", "-shared", "-o",
                            "my.so", *EXAMPLE, *words("--variable=hooked_libs"))
                self.judge("./my.so")

    def test_manual_pages(self):
        self.assertEqual({path.name for path in self.prefix.rglob("man1/*")}, {"labyrinth.1", "labyrinth-cc.1"})


class Wrapper(unittest.TestCase):
    """What labyrinth-cc says, in the build folder."""

    def say(self, *arguments, **environment):
        return run(BUILD / "labyrinth-cc", *arguments, cwd=ROOT, **environment)

    def test_clear_errors(self):
        for arguments, environment, code, expected in (
                (["-o", "x", "x.c"], {}, 2, "expected -shared"),
                (["--asan", "--tsan", "x.c"], {}, 2, "--tsan after --asan: expected one flavour"),
                (["-c", "x.c"], {"LABYRINTH_CC": "no-such-compiler"}, 3, "'no-such-compiler' cannot be run"),
                (["-c", "x.c"], {"LABYRINTH_CC": "true"}, 3, "'true' is neither clang nor gcc"),
                ([], {}, 2, "usage: labyrinth-cc")):
            answer = self.say(*arguments, **environment)
            self.assertEqual(answer.returncode, code, answer.stdout)
            self.assertIn(expected, answer.stdout)

    def test_help_and_show(self):
        self.assertIn("--native", self.say("--help").stdout)
        answer = self.say("--show", "-shared", "-DNAME=a b", "-o", "x.so", "x.c")
        self.assertEqual(answer.returncode, 0)
        self.assertIn("-fsanitize=thread", answer.stdout)
        self.assertIn(r"-DNAME=a\ b", answer.stdout)
        self.assertNotIn("fsanitize", self.say("--show", "--native", "-shared", "x.c").stdout)

    def test_each_option_is_in_the_manual(self):
        manual = (ROOT / "docs" / "labyrinth-cc.1").read_text()
        for line in self.say("--help").stdout.splitlines():
            if line.startswith("  --"):
                self.assertIn("-" + line.split()[0].lstrip("-"), manual)


if __name__ == "__main__":
    unittest.main()
