#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public header compiles alone, as C11 and as C++. usage: headers.py ROOT COMPILER..."""
import subprocess
import sys
from pathlib import Path

LANGUAGES = (["-x", "c", "-std=c11"], ["-x", "c++", "-std=c++17"])


def complaint(compiler, language, include, header):
    command = compiler + language + ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}", "-"]
    answer = subprocess.run(command, input=f"#include <labyrinth/{header.name}>\n", text=True, capture_output=True,
                            check=False)
    if answer.returncode:
        return f"{header.name} alone, {language[2][1:]}:\n{answer.stderr}"
    return None


def main():
    include = Path(sys.argv[1]).resolve() / "include"
    compiler = sys.argv[2:]
    headers = sorted((include / "labyrinth").glob("*.h"))
    complaints = [c for h in headers for language in LANGUAGES if (c := complaint(compiler, language, include, h))]
    print("\n".join(complaints) or f"{len(headers)} headers compile alone")
    return 1 if complaints or not headers else 0


sys.exit(main())
