#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The mutator: what it makes of a source, that what is excused is there, and that a mutant is killed.

usage: test_mutants.py sites | excuses | run BUILD"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from mutate import all_mutants  # noqa: E402
from sites import excused_in, mutants_of  # noqa: E402

SOURCE = """\
#define NEVER(a) ((a) < 1)
/* a < b; lab_load_acquire(x) */
static bool take(lab_atomic64 *word, uint64_t floor)
{
	uint64_t seen = lab_load_acquire(word); /* seen < floor */

	lab_assert_cmp(seen, <, floor);
	while (seen - 1 >= floor) {
		if (lab_cas_acq_rel(word, &seen,
				    give(seen >> 1)))
			return say("a < b", word->next);
	}
	lab_store_release(word, seen);
	return false;
}
"""


class Sites(unittest.TestCase):
    def test_sites(self):
        mutants = list(mutants_of("x.c", SOURCE))
        self.assertEqual({m.function for m in mutants}, {"take"})
        self.assertEqual(sorted((m.kind, m.text) for m in mutants), sorted([
            ("order", "mutant_load(word, relaxed)"),
            ("order", "mutant_cas(word, &seen,\n\t\t\t\t    give(seen >> 1), acquire)"),
            ("order", "mutant_cas(word, &seen,\n\t\t\t\t    give(seen >> 1), release)"),
            ("split", "mutant_split_cas("), ("bound", ">"), ("bound", "- 0"), ("bound", "<="),
            ("order", "mutant_store(word, seen, relaxed)"), ("drop", "")]))
        for mutant in mutants:
            mutated = SOURCE[:mutant.start] + mutant.text + SOURCE[mutant.end:]
            self.assertNotEqual(mutated, SOURCE)
            self.assertEqual(mutated.count("\n"), SOURCE.count("\n"))
        drop, = (m for m in mutants if m.kind == "drop")
        self.assertEqual((drop.before, drop.after), ("lab_store_release(word, seen);", ";"))

    def test_twins(self):
        twins = [m for m in mutants_of("x.c", "int f(int a)\n{\n\tuse(a);\n\tuse(a);\n}\n")]
        self.assertEqual([m.after for m in twins], [";", "; #2"])

    def test_keys(self):
        """Each mutant has a name of its own, and there is much of each kind."""
        keys, kinds = set(), {}
        for mutant in all_mutants():
            self.assertNotIn(mutant.key, keys)
            keys.add(mutant.key)
            kinds[mutant.kind] = kinds.get(mutant.kind, 0) + 1
        self.assertEqual(set(kinds), {"order", "split", "drop", "bound"})
        self.assertGreater(min(kinds.values()), 20)

    def test_bad_excuses(self):
        for text in ("f.c g\n- a\n+ b\n", "equivalent: x\nf.c g\n- a\n", "weak: x\nf.c\n- a\n+ b\n",
                     "weak: x\nf.c g\n- a\n+ b\nf.c g\n- a\n+ b\n"):
            with self.assertRaises(ValueError):
                excused_in(text)


class Excuses(unittest.TestCase):
    def test_excuses(self):
        """What has changed since is not excused any more, and stands here no longer."""
        keys = {mutant.key for mutant in all_mutants()}
        excused = excused_in((HERE / "equivalent.txt").read_text())
        self.assertEqual([key for key in excused if key not in keys], [])


class Run(unittest.TestCase):
    BUILD = None

    def mutate(self, folder, *options):
        at = Path(folder) / "all.json"
        answer = subprocess.run([sys.executable, str(HERE / "mutate.py"), self.BUILD, "--work", folder, "--json", str(at),
                                 "--jobs", "1", "--time", "5", *options], capture_output=True, text=True, check=False)
        self.assertTrue(at.exists(), answer.stderr)
        return answer, json.loads(at.read_text())

    def test_run(self):
        with tempfile.TemporaryDirectory() as folder:
            split = ("--only", "chunk.c lab_chunk_take_great split", "--stages", "corpus,explore")
            answer, told = self.mutate(folder, *split)
            self.assertEqual((told["killed"], told["rows"][0]["by"]), (1, "explore"))
            self.assertIn(told["rows"][0]["rule"], ("R00", "R01"))  # its own assertion, or two owners
            self.assertEqual(answer.returncode, 0)
            again, same = self.mutate(folder, *split)
            self.assertEqual((same, again.stderr), (told, ""))  # it was known
            # a header, which many compile anew; and what nobody looks for survives
            answer, told = self.mutate(folder, "--only", "page.h lab_page_is_second bound", "--stages", "corpus",
                                       "--demand", "1")
            self.assertEqual((told["killed"], told["run"]), (0, 1))
            self.assertEqual(answer.returncode, 1)


if __name__ == "__main__":
    _, what, *Run.BUILD = sys.argv
    Run.BUILD = (Run.BUILD or [None])[0]
    unittest.main(argv=[sys.argv[0], what.capitalize()])
