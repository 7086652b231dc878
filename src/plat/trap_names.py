#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names of the machine's system calls, as C. usage: trap_names.py OUTPUT COMPILER..."""
import re
import subprocess
import sys
from pathlib import Path


def main():
    output, *compiler = sys.argv[1:]
    answer = subprocess.run(compiler + ["-E", "-dM", "-"], input="#include <asm/unistd.h>\n", text=True,
                            capture_output=True, check=True)
    names = re.findall(r"^#define __NR_(\w+) +(\d+)$", answer.stdout, re.MULTILINE)
    members = "".join(f'\t[{number}] = "{name}",\n' for name, number in names)
    Path(output).write_text(f"const char *const lab_trap_names[] = {{\n{members}}};\n"
                            "const long lab_trap_names_count = sizeof(lab_trap_names) / sizeof(lab_trap_names[0]);\n")


main()
