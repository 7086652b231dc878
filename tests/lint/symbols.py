#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every global symbol that our static libraries define carries the prefix. usage: symbols.py LIBRARY..."""
import subprocess
import sys

OURS = ("lab_", "labyrinth_", "LLVMFuzzer")
# What sanitizers and coverage put into every object, and the hooks by which they find us.
INSTRUMENTS = ("__asan_", "__odr_asan", "__tsan_", "__ubsan_", "__sanitizer_", "__sancov_", "__start_", "__stop_",
               "__llvm_", "__prof", "__covrec_", "asan.module_", "tsan.module_", "sancov.module_", "__libfuzzer_",
               "__afl_", "___asan_", "__lsan_")
# Names that hooked modules ask for: --wrap makes them of the compiler's and the C library's.
HOOKS = ("__wrap_",)


def globals_of(library):
    answer = subprocess.run(["nm", "--defined-only", "--extern-only", "--format=posix", library], text=True,
                            capture_output=True, check=True)
    for line in answer.stdout.splitlines():
        words = line.split()
        if len(words) >= 2:
            yield words[0]


def main():
    seen, strangers = 0, []
    for library in sys.argv[1:]:
        for symbol in globals_of(library):
            seen += 1
            if not symbol.startswith(OURS + INSTRUMENTS + HOOKS):
                strangers.append(f"{library}: {symbol}: expected a name that starts with lab_ or labyrinth_")
    print("\n".join(strangers) or f"{seen} global symbols carry the prefix")
    return 1 if strangers or not seen else 0


sys.exit(main())
