#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every include of ours goes down the layers of docs/ARCHITECTURE.md, and no file includes itself by a detour."""
import re
import sys
from pathlib import Path

# layer: the layers that it may include besides itself
MAY_INCLUDE = {
    "base": "",
    "plat": "base",
    "core": "base plat",
    "present": "base plat core",
    "scenario": "base",
    "target": "base plat core",
    "peers": "base plat target",
    "oracle": "base plat scenario",
    "engine": "base plat scenario target oracle",
    "report": "base scenario oracle",
    "symbols": "base",
    "story": "base scenario target oracle engine symbols",
    "campaign": "base plat scenario oracle report",
    "stress": "base plat present scenario target oracle engine report",
    "fuzz": "base plat scenario target oracle engine report",
    "cli": "base plat present scenario target oracle engine report symbols story campaign stress",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path, root):
    parts = path.relative_to(root).parts
    if parts[0] == "src":
        return parts[1]
    return parts[0] if parts[0] in MAY_INCLUDE else None


def resolve(name, root):
    for base in ("src", "include", "."):
        if (root / base / name).is_file():
            return root / base / name
    return None


def complaints_about(path, root, graph):
    layer = layer_of(path, root)
    where = path.relative_to(root)
    for bracket, name in INCLUDE.findall(path.read_text()):
        if ".." in Path(name).parts:
            yield f"{where}: {name}: an include has no '..'"
        if name == "stdatomic.h" and where != Path("src/plat/atomic.h"):
            yield f"{where}: {name}: only src/plat/atomic.h includes it"
        target = resolve(name, root)
        if not target:
            if bracket == '"' and not (path.parent / name).is_file():
                yield f"{where}: {name}: not found from src, include or the root"
            continue
        graph.setdefault(path, set()).add(target)
        below = layer_of(target, root)
        if layer is None or below is None or below == layer:
            continue
        if below not in MAY_INCLUDE[layer].split():
            yield f"{where}: {name}: {layer} may include: {MAY_INCLUDE[layer] or 'nothing of ours'}"


def find_cycle(graph):
    done, active = set(), []

    def visit(path):
        if path in active:
            return active[active.index(path):] + [path]
        if path in done:
            return None
        active.append(path)
        for below in graph.get(path, ()):
            cycle = visit(below)
            if cycle:
                return cycle
        active.pop()
        done.add(path)
        return None

    for path in list(graph):
        cycle = visit(path)
        if cycle:
            return cycle
    return None


def main():
    root = Path(sys.argv[1]).resolve()
    graph, complaints = {}, []
    files = [p for d in ("include", "src", "peers", "stress", "fuzz", "tests") for p in sorted((root / d).rglob("*.[ch]"))]
    for path in files:
        complaints += complaints_about(path, root, graph)
    cycle = find_cycle(graph)
    if cycle:
        complaints.append("cycle: " + " -> ".join(str(p.relative_to(root)) for p in cycle))
    print("\n".join(complaints) or f"{len(files)} files: every include goes down the layers")
    return 1 if complaints or not files else 0


sys.exit(main())
