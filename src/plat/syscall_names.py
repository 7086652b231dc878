#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names of the machine's system calls, as a C array's members. usage: syscall_names.py OUTPUT COMPILER..."""
import re
import subprocess
import sys
from pathlib import Path


def main():
    output, *compiler = sys.argv[1:]
    answer = subprocess.run(compiler + ["-E", "-dM", "-"], input="#include <asm/unistd.h>\n", text=True,
                            capture_output=True, check=True)
    names = re.findall(r"^#define __NR_(\w+) +(\d+)$", answer.stdout, re.MULTILINE)
    Path(output).write_text("".join(f'[{number}] = "{name}",\n' for name, number in names))


main()
