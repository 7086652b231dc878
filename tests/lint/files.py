#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file names its licence at the top, ends with a newline, and is short."""
import sys
from pathlib import Path

LINES_MAX = 450
SPDX = "SPDX-License-Identifier: Apache-2.0"
SUFFIXES = {".c", ".h", ".py", ".sh"}
NAMES = {"meson.build", "meson_options.txt", "lab", "run", ".clang-format", ".clang-tidy"}


def sources(root):
    tops = [p for p in root.iterdir() if p.is_file()]
    tops += [p for d in ("include", "src", "stress", "fuzz", "targets", "peers", "tests", "tools", ".ci", "docs", ".clusterfuzzlite")
             for p in (root / d).rglob("*") if p.is_file()]
    return sorted(p for p in tops if p.suffix in SUFFIXES or p.name in NAMES)


def complaints_about(path):
    text = path.read_text()
    lines = text.split("\n")
    first = lines[1] if lines[0].startswith("#!") else lines[0]
    if SPDX not in first:
        yield f"no '{SPDX}' at the top"
    if not text.endswith("\n"):
        yield "no newline at the end"
    if len(lines) - 1 > LINES_MAX:
        yield f"{len(lines) - 1} lines: at most {LINES_MAX}"


def main():
    root = Path(sys.argv[1]).resolve()
    files = sources(root)
    complaints = [f"{p.relative_to(root)}: {c}" for p in files for c in complaints_about(p)]
    print("\n".join(complaints) or f"{len(files)} files: licensed and short")
    return 1 if complaints or not files else 0


sys.exit(main())
