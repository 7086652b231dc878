#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Behaves as afl-fuzz does, for tests that have no fuzz build: an instance's folder with a queue, stats and a crash, until
it is asked to end. What other mains put into their queues is copied into its own."""
import signal
import sys
import time
from pathlib import Path

arguments = dict(zip(sys.argv[1:], sys.argv[2:]))
out, name = Path(arguments["-o"]), arguments.get("-M") or arguments["-S"]
own = out / name
for folder in ("queue", "crashes", "hangs"):
    (own / folder).mkdir(parents=True, exist_ok=True)
(own / "queue" / "id:000000,orig").write_text(f"found by {name}")
(own / "crashes" / "id:000000,sig:06").write_text("R01 by AFL++")
(own / "crashes" / "README.txt").write_text("of no interest")
(own / "command_line").write_text(" ".join(sys.argv))
ended = []
signal.signal(signal.SIGINT, lambda *_: ended.append(1))
runs = 0
while not ended:
    runs += 100
    if "-M" in arguments:
        for queue in out.glob("main-*/queue"):
            for path in queue.iterdir():
                if queue.parent != own and "sync" not in path.name:
                    (own / "queue" / f"{path.name},sync:{queue.parent.name}").write_bytes(path.read_bytes())
    (own / "fuzzer_stats").write_text(f"run_time : 5\nexecs_done : {runs}\nexecs_per_sec : 100.0\ncorpus_count : 3\n"
                                      "edges_found : 77\n")
    time.sleep(0.1)
