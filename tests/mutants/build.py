# SPDX-License-Identifier: Apache-2.0
"""A mutant as a hooked module, and in the unit tests: what is mutated is compiled anew, the rest is the build's own."""
import json
import re
import shlex
import subprocess
from pathlib import Path

# Of what a shifted bound reads or writes too far, where the size is known; it needs no runtime.
TRAPS = ("-fsanitize=bounds", "-fsanitize-trap=bounds")
# In the unit tests, of every access of the mutated file.
ADDRESSES = ("-fsanitize=address",)
HOOKED, NATIVE = "liblab-hooked-core.a.p", "src/core/liblab-core.a.p"


class BuildError(Exception):
    pass


def run(command, folder):
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise BuildError(answer.stderr.strip()[-400:])
    return answer.stdout


class Builder:
    def __init__(self, folder, root):
        self.folder, self.root = folder, root
        self.compiles = {HOOKED: {}, NATIVE: {}}
        for entry in json.loads((folder / "compile_commands.json").read_text()):
            for flavour, known in self.compiles.items():
                if flavour in entry["output"]:
                    known[Path(entry["file"]).name] = shlex.split(entry["command"])
        self.links = {}

    def users_of(self, header):
        """The core's sources that include a header of it, by way of others too."""
        names, grown = {header}, True
        sources = {p.name: p.read_text() for p in (self.root / "src/core").glob("*.[ch]")}
        while grown:
            more = {n for n, text in sources.items() if n not in names
                    and names & set(re.findall(r'#include "core/(\w+\.h)"', text))}
            names |= more
            grown = bool(more)
        return sorted(n for n in names if n.endswith(".c"))

    def objects(self, mutant, folder, flavour, more=()):
        """Compiles what is mutated. A header is found before the build's own, since its folder is named first."""
        source = self.root / "src/core" / mutant.file
        text = source.read_text()
        mutated = folder / "core" / mutant.file
        mutated.parent.mkdir(exist_ok=True)
        mutated.write_text(text[:mutant.start] + mutant.text + text[mutant.end:])
        names = [mutant.file] if mutant.file.endswith(".c") else self.users_of(mutant.file)
        objects = []
        for name in names:
            command = self.compiles[flavour][name]
            at = folder / f"{Path(flavour).name}-{name}.o"
            given = mutated if name == mutant.file else self.root / "src/core" / name
            out = command.index("-o")
            kept = [w for w in command[1:out] if w not in ("-MD", "-Werror")]
            for word in ("-MQ", "-MF"):
                if word in kept:
                    del kept[kept.index(word):kept.index(word) + 2]
            run([command[0], f"-I{folder}", *kept, *TRAPS, *more, "-w", "-include", str(self.root / "tests/mutants/orders.h"),
                 "-o", str(at), "-c", str(given)], self.folder)
            objects.append(str(at))
        return objects

    def link(self, what, objects, out, more=()):
        """As the build links it, the mutated objects before the libraries: their symbols are found first."""
        if what not in self.links:
            self.links[what] = shlex.split(run(["ninja", "-t", "commands", what], self.folder).splitlines()[-1])
        command = list(self.links[what])
        command[command.index("-o") + 1] = str(out)
        first = next(i for i, word in enumerate(command) if word.endswith(".o") and i > command.index("-o") + 1)
        run([*command[:first], *more, *objects, *command[first:]], self.folder)
        return out

    def modules(self, mutant, folder, names):
        """Modules that have the mutant in them, below that folder."""
        objects = self.objects(mutant, folder, HOOKED)
        for name in names:
            self.link(name, objects, folder / Path(name).name)

    def tests(self, mutant, folder):
        """The core's unit tests; one after the other, since the first that fails is enough."""
        objects = self.objects(mutant, folder, NATIVE, ADDRESSES)
        for source in sorted((self.root / "tests/core").glob("test_*.c")):
            name = source.stem.replace("test_", "test_core_", 1)
            yield self.link(f"tests/core/{name}", objects, folder / name, ADDRESSES)
