#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the canaries' headers say.

usage: catalogue.py check ROOT ID...   each tells its story, docs/canaries.md has its line, no class lacks its two bugs
       catalogue.py write FILE ROOT ID...   these as JSON, for `labyrinth bench detect`
"""
import json
import re
import sys
from pathlib import Path

FIELDS = ("class", "rule", "found", "wild")
# Of each at least two, however many others there are.
CLASSES = ("lost update", "ABA", "undo", "check-then-take", "floor arithmetic", "stranding", "interrupt safety", "sleeping",
           "split and merge", "accounting", "ordering", "ownership", "release", "progress", "reclaim", "hot-unplug",
           "owner death")
LEAST_IN_CLASS, LEAST = 2, 40


def header_of(path):
    text = path.read_text()
    if path.suffix == ".patch":
        return text.split("\n--- ", 1)[0]
    return "\n".join(line.removeprefix(" * ") for line in text.split(" */", 2)[1].split("\n"))


def fields_of(header):
    return dict(re.findall(r"^(\w+):\s+(.*)$", header, re.MULTILINE))


def sources_in(root):
    return [p for p in sorted((root / "tests/canary").iterdir()) if re.match(r"r\d\d-.*\.(patch|c)$", p.name)]


def complaints_about(path, rows):
    header = header_of(path)
    fields = fields_of(header)
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


def complaints_about_classes(sources):
    classes = [fields_of(header_of(p)).get("class") for p in sources]
    for name in CLASSES:
        if classes.count(name) < LEAST_IN_CLASS:
            yield f"class '{name}': {classes.count(name)} bugs, expected at least {LEAST_IN_CLASS}"
    if len(sources) < LEAST:
        yield f"{len(sources)} bugs, expected at least {LEAST}"


def check(root, built):
    sources, rows = sources_in(root), {}
    for line in (root / "docs/canaries.md").read_text().split("\n"):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and re.match(r"r\d\d-", cells[0]):
            rows[cells[0]] = cells[1:]
    complaints = [c for p in sources for c in complaints_about(p, rows)] + list(complaints_about_classes(sources))
    ids = {p.stem for p in sources}
    complaints += [f"{i}: in docs/canaries.md and not in tests/canary" for i in sorted(set(rows) - ids)]
    complaints += [f"{i}: not built" for i in sorted(ids - built)]
    print("\n".join(complaints) or f"{len(ids)} canaries tell their story")
    return 1 if complaints else 0


def write(file, root, built):
    entries = []
    for path in sources_in(root):
        if path.stem not in built:
            continue
        header = header_of(path)
        fields = fields_of(header)
        story = header[header.index("\n1. "):].strip()
        entries.append({"id": path.stem, **{name: fields[name] for name in FIELDS}, "story": story})
    Path(file).write_text(json.dumps(entries, indent=1) + "\n")
    return 0


def main():
    what, *rest = sys.argv[1:]
    if what == "write":
        return write(rest[0], Path(rest[1]).resolve(), set(rest[2:]))
    return check(Path(rest[0]).resolve(), set(rest[1:]))


sys.exit(main())
