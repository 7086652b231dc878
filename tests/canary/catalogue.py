#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every canary tells its story, and docs/canaries.md has its line. usage: catalogue.py ROOT ID..."""
import re
import sys
from pathlib import Path

FIELDS = ("class", "rule", "found", "wild")


def header_of(path):
    text = path.read_text()
    if path.suffix == ".patch":
        return text.split("\n--- ", 1)[0]
    return "\n".join(line.removeprefix(" * ") for line in text.split(" */", 2)[1].split("\n"))


def complaints_about(path, rows):
    header = header_of(path)
    fields = dict(re.findall(r"^(\w+):\s+(.*)$", header, re.MULTILINE))
    for field in FIELDS:
        if field not in fields:
            yield f"{path.name}: no '{field}:' in its header"
    steps = [int(step) for step in re.findall(r"^(\d+)\. ", header, re.MULTILINE)]
    if len(steps) < 2 or steps != list(range(1, len(steps) + 1)):
        yield f"{path.name}: no story numbered from 1"
    row = rows.get(path.stem)
    if not row:
        yield f"{path.name}: no line in docs/canaries.md"
    elif row[:3] != [fields.get(field) for field in FIELDS[:3]]:
        yield f"{path.name}: docs/canaries.md has class, rule and found {' | '.join(row[:3])}"


def main():
    root, built = Path(sys.argv[1]).resolve(), set(sys.argv[2:])
    sources = [p for p in sorted((root / "tests/canary").iterdir()) if re.match(r"r\d\d-.*\.(patch|c)$", p.name)]
    rows = {}
    for line in (root / "docs/canaries.md").read_text().split("\n"):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and re.match(r"r\d\d-", cells[0]):
            rows[cells[0]] = cells[1:]
    complaints = [c for p in sources for c in complaints_about(p, rows)]
    ids = {p.stem for p in sources}
    complaints += [f"{i}: in docs/canaries.md and not in tests/canary" for i in sorted(set(rows) - ids)]
    complaints += [f"{i}: not built" for i in sorted(ids - built)]
    print("\n".join(complaints) or f"{len(ids)} canaries tell their story")
    return 1 if complaints or not ids else 0


sys.exit(main())
