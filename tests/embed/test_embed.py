#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who embeds the allocator: the example is built against what `meson install` puts into a folder, the libraries show the
public functions and no other names, and need of the C library what they may."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["LABYRINTH"]).parent
COMPILERS = [name for name in ("clang-19", "gcc-12") if shutil.which(name)]
LIBRARIES = ("labyrinth", "labyrinth-shred", "labyrinth-present")
# What allocates, prints, starts threads, ends the program or asks for a cipher.
NEVER = re.compile(r"^(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|s?brk|f?printf|v?fprintf|puts|putc|"
                   r"fwrite|write|perror|syslog|std(out|err)|pthread_create|clone|fork|exit|_exit|abort|__assert_fail|"
                   r"EVP_\w+|RAND_\w+|__(asan|tsan|ubsan|msan)\w*)(@.*)?$")


def run(*command, **environment):
    answer = subprocess.run([str(word) for word in command], encoding="utf-8", stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, timeout=100, env=os.environ | environment)
    assert answer.returncode == 0, f"{command}\n{answer.stdout}"
    return answer.stdout


def names(library, *options):
    lines = run("nm", "--format=posix", *options, library).splitlines()
    return {line.split()[0] for line in lines if len(line.split()) > 1}


def documented():
    return set(re.findall(r"`((?:lab|labyrinth)_\w+)`", "".join(re.findall(r"^### .*$", (ROOT / "docs" / "api.md").read_text(), re.M))))


def declared_inline():
    headers = (ROOT / "include" / "labyrinth").glob("*.h")
    return {name for h in headers for name in re.findall(r"^static inline .*?\b(lab_\w+)\(", h.read_text(), re.M)}


class Embed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.root)
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", cls.root)
        cls.libs = next(cls.root.rglob("liblabyrinth.a")).parent
        cls.prefix = next(cls.root.rglob("bin/labyrinth")).parent.parent

    def words(self, *what):
        return run("pkg-config", f"--define-variable=prefix={self.prefix}", *what,
                   PKG_CONFIG_PATH=str(next(self.root.rglob("liblabyrinth.pc")).parent)).split()

    def test_the_example_against_what_is_installed(self):
        example = ROOT / "docs" / "examples" / "embed.c"
        for compiler in COMPILERS:
            for kind, link in (("shared", self.words("--libs", "liblabyrinth")),
                               ("static", [str(self.libs / "liblabyrinth.a")])):
                with self.subTest(compiler=compiler, kind=kind):
                    program = self.root / f"embed-{compiler}-{kind}"
                    run(compiler, "-Wall", "-Wextra", "-Werror", *self.words("--cflags", "liblabyrinth"), "-o", program,
                        example, *link)
                    self.assertEqual(run(program, LD_LIBRARY_PATH=str(self.libs)),
                                     "block of 8 frames at frame 0, 1024 frames free\n")
                    self.assertEqual("liblabyrinth.so" in run("readelf", "-d", program), kind == "shared")

    def test_only_public_names_are_to_be_seen(self):
        public = documented() - declared_inline()
        for kind, option in (("so", ["--dynamic"]), ("a", [])):
            shown = {library: names(self.libs / f"lib{library}.{kind}", "--defined-only", "--extern-only", *option)
                     for library in LIBRARIES}
            self.assertEqual(shown["labyrinth-shred"], {"lab_shredder_create", "lab_shredder_destroy"})
            self.assertEqual({name for name in shown["labyrinth-present"] if not name.startswith("lab_present_")}, set())
            self.assertEqual(set().union(*shown.values()), public)

    def test_the_library_allocates_prints_and_starts_nothing(self):
        for kind in ("so", "a"):
            asked = names(self.libs / f"liblabyrinth.{kind}", "--undefined-only")
            self.assertTrue({"mmap", "mmap64"} & {name.split("@")[0] for name in asked})
            self.assertEqual([name for name in sorted(asked) if NEVER.match(name)], [])
            cipher = names(self.libs / f"liblabyrinth-shred.{kind}", "--undefined-only")
            self.assertTrue([name for name in cipher if NEVER.match(name)], "the pattern finds nothing anywhere")
        self.assertNotIn("libcrypto", run("readelf", "-d", self.libs / "liblabyrinth.so"))
        self.assertNotIn("liburcu", run("readelf", "-d", self.libs / "liblabyrinth.so"))
        self.assertIn("liburcu", run("readelf", "-d", self.libs / "liblabyrinth-present.so"))
        self.assertIn("libcrypto", run("readelf", "-d", self.libs / "liblabyrinth-shred.so"))

    def test_every_public_function_is_in_the_reference(self):
        """The reference is what tools/api.py makes of the headers, and has each function of theirs."""
        self.assertEqual((ROOT / "docs" / "api.md").read_text(), run("python3", ROOT / "tools" / "api.py", ROOT),
                         "run tools/api.py ROOT docs/api.md")
        for header in (ROOT / "include" / "labyrinth").glob("*.h"):
            if header.name == "target.h":
                continue
            text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
            for name in re.findall(r"^(?:[\w ]+[ *])?\b((?:lab|labyrinth)_\w+)\(", text, re.M):
                self.assertIn(name, documented(), header.name)


if __name__ == "__main__":
    unittest.main()
