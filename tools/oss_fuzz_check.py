#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What OSS-Fuzz and ClusterFuzzLite do with .clusterfuzzlite/build.sh, without their images: builds with libFuzzer and
with AFL++'s driver, moves $OUT, and checks what their own checker checks. usage: oss_fuzz_check.py FOLDER [BUILD...]
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMON = "-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
ADDRESS = "-fsanitize=address -fsanitize-address-use-after-scope"
UNDEFINED = "-fsanitize=undefined -fno-sanitize-recover=undefined"
LIBFUZZER = "-fsanitize=fuzzer-no-link"
AFL = "-fsanitize-coverage=trace-pc-guard"
DRIVER = "/usr/lib/afl/libAFLDriver.a /usr/lib/afl/afl-compiler-rt.o"
# name: sanitizer, engine, flags, $LIB_FUZZING_ENGINE
BUILDS = {
    "libfuzzer-address": ("address", "libfuzzer", f"{ADDRESS} {LIBFUZZER}", "-fsanitize=fuzzer"),
    "libfuzzer-undefined": ("undefined", "libfuzzer", f"{UNDEFINED} {LIBFUZZER}", "-fsanitize=fuzzer"),
    "afl-address": ("address", "afl", f"{ADDRESS} {AFL}", DRIVER),
}
# As their checker has them.
ASAN_CALLS_MIN, UBSAN_CALLS_MAX_IN_ASAN, UBSAN_CALLS_MIN = 1000, 200, 168
passed, failed = 0, 0


def check(what, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"oss-fuzz: FAILED: {what}: {why}")


def build(name, folder):
    sanitizer, engine, flags, library = BUILDS[name]
    out = folder / name / "out"
    out.mkdir(parents=True)
    environment = dict(os.environ, SRC=str(folder / name / "src"), OUT=str(out), WORK=str(folder / name / "work"),
                       LABYRINTH_SOURCE=str(ROOT), CC="clang-19", CXX="clang++-19", CFLAGS=f"{COMMON} {flags}",
                       CXXFLAGS=f"{COMMON} {flags}", LIB_FUZZING_ENGINE=library, SANITIZER=sanitizer,
                       FUZZING_ENGINE=engine)
    log = folder / f"{name}.log"
    with log.open("w") as file:
        code = subprocess.run([ROOT / ".clusterfuzzlite" / "build.sh"], stdout=file, stderr=subprocess.STDOUT,
                              env=environment, check=False).returncode
    check(f"{name}: build.sh", code == 0, f"exit {code}, {log}")
    shutil.rmtree(folder / name / "work", ignore_errors=True)
    return out if code == 0 else None


def calls(disassembly, name):
    return sum("call" in line and f"<{name}" in line for line in disassembly)


def check_code(name, target):
    disassembly = subprocess.run(["objdump", "-d", "--no-show-raw-insn", target], capture_output=True, encoding="utf-8",
                                 check=True).stdout.splitlines()
    sanitizer = BUILDS[name][0]
    asan, ubsan = calls(disassembly, "__asan"), calls(disassembly, "__ubsan")
    sections = subprocess.run(["objdump", "-h", target], capture_output=True, encoding="utf-8", check=True).stdout
    check(f"{name}/{target.name}: coverage", "__sancov" in sections or calls(disassembly, "__sanitizer_cov"))
    if sanitizer == "address":
        check(f"{name}/{target.name}: ASan calls", asan >= ASAN_CALLS_MIN, f"{asan}")
        check(f"{name}/{target.name}: UBSan calls", ubsan <= UBSAN_CALLS_MAX_IN_ASAN, f"{ubsan}")
    else:
        check(f"{name}/{target.name}: UBSan calls", ubsan >= UBSAN_CALLS_MIN, f"{ubsan}")


def check_start(name, target, folder):
    """Four runs, with nothing but what lies in $OUT."""
    environment = {"PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0"}
    if BUILDS[name][1] == "libfuzzer":
        command = [target, "-runs=4", "-seed=1"]
    else:
        seed = folder / "seed"
        seed.write_bytes(b"seed")
        command = [target, *[seed] * 4]
        environment["AFL_IGNORE_PROBLEMS"] = "1"
    answer = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", cwd=folder, timeout=120,
                            env=environment, check=False)
    check(f"{name}/{target.name}: starts", answer.returncode == 0, answer.stderr[-500:])


def check_build(name, folder):
    out = build(name, folder)
    if not out:
        return
    moved = Path(tempfile.mkdtemp(dir=folder)) / "moved"
    out.rename(moved)
    check_out(name, moved)


def check_out(name, moved):
    names = sorted(p.stem for p in (ROOT / "fuzz").glob("fuzz_*.c") if p.stem != "fuzz_empty")
    for target in names:
        check(f"{name}: {target}", re.fullmatch(r"[A-Za-z0-9_]+", target) and (moved / target).is_file(), "not there")
        if not (moved / target).is_file():
            continue
        with zipfile.ZipFile(moved / f"{target}_seed_corpus.zip") as seeds:
            check(f"{name}/{target}: seeds", len(seeds.namelist()) >= len(list((ROOT / "corpus" / target).iterdir())))
        check(f"{name}/{target}: options", "max_len" in (moved / f"{target}.options").read_text())
        check_code(name, moved / target)
        check_start(name, moved / target, moved.parent)
    check(f"{name}: dictionary", (moved / "fuzz_text.dict").is_file())


def main():
    folder = Path(sys.argv[1]).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in sys.argv[2:] or BUILDS:
        print(f"oss-fuzz: {name}", flush=True)
        check_build(name, folder)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
