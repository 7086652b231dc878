# SPDX-License-Identifier: Apache-2.0
"""Where a source of this house can be mutated, and into what.

The style is what makes it simple: a function's name stands in a line that begins in its first column, its braces stand
alone there; the order of an atomic operation is in its name; nothing but comparisons is written with < and >.
"""
import re
from dataclasses import dataclass

# What is one step weaker, or two where a step has no name of its own.
WEAKER = {
    "load": {"seq_cst": ["acquire", "relaxed"], "acquire": ["relaxed"]},
    "store": {"release": ["relaxed"]},
    "rmw": {"seq_cst": ["acq_rel", "acquire", "release"], "acq_rel": ["acquire", "release"], "acquire": ["relaxed"],
            "release": ["relaxed"]},
}
ATOMIC = re.compile(r"\blab_(load|store|exchange|cas|fetch_\w+?)_(relaxed|acquire|release|acq_rel|seq_cst)\(")
COMPARISON = re.compile(r"(?<![<>=-])(<=|>=|<|>)(?![<>=])")
SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OFF_BY_ONE = re.compile(r"[+-] 1\b(?![.(])")
STATEMENT = re.compile(r"^\t+([a-z_]\w*)\(", re.MULTILINE)
DEFINITION = re.compile(r"^[a-z][\w \*]*?\b(\w+)\(")


@dataclass(frozen=True)
class Mutant:
    file: str  # below src/core
    function: str
    kind: str
    before: str  # the statement or line, without comments, in one line
    after: str
    start: int  # what is replaced in the text of the file
    end: int
    text: str

    @property
    def key(self):
        return self.file, self.function, self.before, self.after


def blanked(text):
    """The same with spaces for comments and for what is in quotes."""
    def spaces(found):
        return re.sub(r"[^\n]", " ", found[0])

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', spaces, text, flags=re.DOTALL)


def functions_of(code):
    """(name, start, end) of each function's body."""
    name, body, at = None, None, 0
    for line in code.split("\n"):
        found = DEFINITION.match(line)
        if found:
            name = found[1]
        if line == "{":
            body = at
        elif line == "}" and body is not None:
            yield name, body, at
            body = None
        at += len(line) + 1


def closing(code, at):
    """Behind the parenthesis that closes the one before `at`."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at


def one_line(text):
    return " ".join(text.split())


def edits_of(code, start, end):
    """(kind, start, end, replacement) of everything between two places."""
    for found in ATOMIC.finditer(code, start, end):
        operation, order = found[1], found[2]
        family = operation if operation in ("load", "store") else "rmw"
        last = closing(code, found.end()) - 1
        for weaker in WEAKER[family].get(order, []):
            arguments = code[found.end():last]
            yield "order", found.start(), last + 1, f"mutant_{operation}({arguments}, {weaker})"
        if family == "rmw":
            yield "split", found.start(), found.end(), f"mutant_split_{operation}("
    for found in STATEMENT.finditer(code, start, end):
        last = closing(code, found.end())
        if code[last] == ";" and not found[1].startswith(("lab_assert", "if", "for", "while", "switch", "return")):
            yield "order" if found[1].startswith("lab_fence_") else "drop", found.start(1), last, ""
    for found in COMPARISON.finditer(code, start, end):
        yield "bound", found.start(), found.end(), SWAPPED[found[1]]
    for found in OFF_BY_ONE.finditer(code, start, end):
        yield "bound", found.start(), found.end(), found[0].replace("1", "0")


def mutants_of(file, text):
    """All of one file. One that reads like another of its function tells which it is by `#2` behind."""
    code, seen = blanked(text), {}
    for name, body, body_end in functions_of(code):
        for kind, start, end, replacement in edits_of(code, body, body_end):
            first, last = code.rindex("\n", 0, start) + 1, code.index("\n", end)
            before = one_line(code[first:last])
            after = one_line(code[first:start] + replacement + code[end:last])
            number = seen[(name, before, after)] = seen.get((name, before, after), 0) + 1
            after += f" #{number}" if number > 1 else ""
            yield Mutant(file, name, kind, before, after, start, end, replacement)


def excused_in(text):
    """{key: (outcome, reason)} of what tells why mutants live: a reason for all that follow it.

    equivalent: REASON      no scenario can tell it from the original
    weak: REASON            only a machine that reorders atomic accesses could
    FILE FUNCTION
    - BEFORE
    + AFTER
    """
    known, reason, lines = {}, None, []
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r"(equivalent|weak): (.*)", line)
        if found:
            reason = found.groups()
        elif line.startswith("  ") and reason:
            reason = (reason[0], f"{reason[1]} {line.strip()}")
        elif line and not line.startswith("#"):
            lines.append(line)
        if len(lines) == 3:
            key = (*lines[0].split(), lines[1][2:], lines[2][2:])
            if not reason or [line[:2] for line in lines[1:]] != ["- ", "+ "] or len(key) != 4 or key in known:
                raise ValueError(f"line {number}: expected a reason, and of each mutant once 'FILE FUNCTION', '- ', '+ '")
            known[key], lines = reason, []
    if lines:
        raise ValueError(f"expected three lines of each mutant, got {lines}")
    return known
