# SPDX-License-Identifier: Apache-2.0
"""The program under test; its path is in $LABYRINTH."""
import os
import subprocess
from pathlib import Path

PATH = os.environ["LABYRINTH"]
CLEAN, FINDING, USAGE, HARNESS = 0, 1, 2, 3


# Under a sanitizer, and on a busy machine, what crashes many times takes its time.
PATIENCE = 60 if os.environ.get("SANITIZER", "none") == "none" else 300


def run(*args, timeout=PATIENCE, cwd=None):
    return subprocess.run([PATH, *args], encoding="utf-8", capture_output=True, timeout=timeout, check=False, cwd=cwd)


def built_peers():
    """Names of the packaged allocators that this build has."""
    return sorted(p.stem for p in (Path(PATH).parent / "peers").glob("*.so"))


def start(*args, cwd=None):
    return subprocess.Popen([PATH, *args], encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd)
