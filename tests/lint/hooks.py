#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program answers every hook that modules are linked to ask for, and no other. usage: hooks.py LIST PROGRAM"""
import subprocess
import sys
from pathlib import Path


def main():
    asked = {f"__wrap_{name}" for name in Path(sys.argv[1]).read_text().split()}
    answer = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", sys.argv[2]], text=True,
                            capture_output=True, check=True)
    given = {line.split()[0] for line in answer.stdout.splitlines() if line.startswith("__wrap_")}
    complaints = [f"{name}: no module asks for it" for name in sorted(given - asked)]
    complaints += [f"{name}: the program does not have it" for name in sorted(asked - given)]
    print("\n".join(complaints) or f"{len(given)} hooks")
    return 1 if complaints or not given else 0


sys.exit(main())
