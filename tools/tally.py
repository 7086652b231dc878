#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums what `meson test` noted in each build folder; a folder without a note counts as one failure.

usage: tally.py BUILD...; the last line is 'N passed, N failed' with ', N skipped' if there were any."""
import json
import sys
from pathlib import Path

PASSED = {"OK", "EXPECTEDFAIL"}


def read_log(folder):
    log = Path(folder) / "meson-logs" / "testlog.json"
    if not log.is_file():
        return [{"name": "build", "result": "no test log: the build failed"}]
    return [json.loads(line) for line in log.read_text().splitlines()]


def main():
    passed = failed = skipped = 0
    for folder in sys.argv[1:]:
        for test in read_log(folder):
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] == "SKIP":
                skipped += 1
                print(f"skipped: {folder}: {test['name']}")
            else:
                failed += 1
                print(f"failed: {folder}: {test['name']}: {test['result']}")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


sys.exit(main())
