#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API reference, made of the public headers: each function, struct and enum with the comment that stands before it.
usage: api.py ROOT  prints it; api.py ROOT FILE  writes it"""
import re
import sys
from pathlib import Path

# What an embedder calls first; the ABI of plug-ins is docs/targets.md's.
HEADERS = ("arena.h", "memory.h", "present.h", "diagnose.h", "owner.h", "gfp.h", "machine.h", "status.h", "word.h")
INTRO = """# liblabyrinth: API reference

Made of the public headers by `tools/api.py`; edit those. [embed.c](examples/embed.c) is a whole program.

    cc program.c $(pkg-config --cflags --libs liblabyrinth)

`liblabyrinth` allocates nothing, prints nothing and starts no thread; what it maps it maps in `lab_arena_create`. What
shreds released blocks is a library of its own, `liblabyrinth-shred`, which needs libcrypto; `liblabyrinth-present` keeps
memory that goes from under readers, and needs liburcu.
"""


def statements(text):
    """(comment, code) pairs of a header: code is all that follows a comment up to the next one or an empty line."""
    comment, code = "", []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("/*"):
            if code:
                yield comment, code
            comment, code = line, []
            while "*/" not in comment:
                comment += "\n" + next(lines)
        elif line.startswith("#define LAB_PUBLIC") or line.startswith("LAB_PUBLIC"):
            continue
        elif line.strip() and not re.match(r"#(if|endif|include|else|define LABYRINTH_)", line):
            code.append(line)
            if re.match(r"(static inline |struct |enum )", line) and line.endswith(("{", ")")):
                for inner in lines:
                    code.append(inner)
                    if inner.startswith("}"):
                        break
        elif code or comment:
            yield comment, code
            comment, code = "", []
    if code:
        yield comment, code


def plain(comment):
    words = re.sub(r"^\s*/?\*+/?", "", comment.replace("*/", ""), flags=re.MULTILINE)
    return "\n".join(line.strip() for line in words.strip().splitlines())


def functions(code):
    """Names of the functions that a piece of a header declares or defines."""
    return [match.group(1) for line in code for match in [re.match(r"(?:LAB_MUST_USE |static inline )?[\w\s*]*?\b((?:lab|labyrinth)_\w+)\(", line)]
            if match and not line.startswith(("\t", " ", "#", "}"))]


def document(root):
    yield INTRO
    for name in HEADERS:
        text = (root / "include" / "labyrinth" / name).read_text()
        yield f"## `<labyrinth/{name}>`\n"
        for comment, code in statements(text):
            if "SPDX" in comment or (not comment and not code):
                continue
            names = functions(code)
            if names:
                yield "### " + ", ".join(f"`{it}`" for it in names) + "\n"
            if comment:
                yield plain(comment) + "\n"
            if code:
                yield "```c\n" + "\n".join(code) + "\n```\n"


def main():
    text = "\n".join(document(Path(sys.argv[1]))).rstrip() + "\n"
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
