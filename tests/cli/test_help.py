#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program says of itself, and that each command tells how it is used."""
import json
import re
import unittest
from pathlib import Path

from program import CLEAN, USAGE, run

MAN = Path(__file__).resolve().parents[2] / "docs" / "labyrinth.1"
COMMANDS = re.findall(r"^  (\w+) ", run("help").stdout, re.MULTILINE)


class Help(unittest.TestCase):
    def test_lists_commands(self):
        self.assertIn("help", COMMANDS)
        self.assertGreaterEqual(len(COMMANDS), 3)

    def test_every_command_tells_its_usage(self):
        for command in COMMANDS:
            if command == "help":
                continue
            for args in (["help", command], [command, "--help"]):
                with self.subTest(args=args):
                    answer = run(*args)
                    self.assertEqual(answer.returncode, CLEAN, answer.stderr)
                    self.assertIn(f"Usage: labyrinth {command}", answer.stdout)
                    self.assertEqual(answer.stderr, "")

    def test_the_man_page_has_every_option(self):
        page = MAN.read_text(encoding="ascii")
        for command in COMMANDS:
            if command == "help":
                continue
            start = page.index(f".Ss {command}\n")
            section = page[start:min(at for at in (page.find("\n.Ss ", start), page.find("\n.Sh ", start)) if at > 0)]
            for option in re.findall(r"^ +(?:-\w, )?--([\w-]+)", run("help", command).stdout, re.MULTILINE):
                if option != "help":
                    with self.subTest(command=command, option=option):
                        self.assertRegex(section, rf"Fl -{option}\b|Fl {option[0]} ")

    def test_version(self):
        answer = run("--version")
        self.assertEqual(answer.returncode, CLEAN)
        self.assertRegex(answer.stdout, r"^labyrinth \d+\.\d+\.\d+\n$")

    def test_no_command_is_usage(self):
        answer = run()
        self.assertEqual(answer.returncode, USAGE)
        self.assertEqual(answer.stdout, "")
        self.assertIn("usage: labyrinth COMMAND", answer.stderr)


class Lists(unittest.TestCase):
    """The commands that list: the same records as text and as JSON lines."""

    def records(self, command, *args):
        answer = run(command, "--format", "jsonl", *args)
        self.assertEqual(answer.returncode, CLEAN, answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def test_targets(self):
        records = self.records("targets")
        names = [record["name"] for record in records]
        self.assertEqual(names, ["core", "locked", "malloc", "shared", "jemalloc", "mimalloc", "tcmalloc", "mempool"])
        self.assertTrue(all(record["schema"] == 1 and record["kind"] == "target" for record in records))
        text = run("targets").stdout
        for record in records:
            self.assertIn(record["summary"], text)

    def test_rules(self):
        records = self.records("rules")
        self.assertEqual([record["id"] for record in records], [f"R{number:02}" for number in range(19)])
        self.assertEqual(len({record["slug"] for record in records}), 19)

    def test_one_target(self):
        self.assertEqual([record["name"] for record in self.records("targets", "--target", "locked")], ["locked"])


if __name__ == "__main__":
    unittest.main()
