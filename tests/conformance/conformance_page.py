#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""conformance_page.py [--check] [ROOT]: writes docs/conformance.md from behaviours.yaml.

With --check it writes nothing, and fails when the page is not what it would write, when a behaviour is missing, comes
twice or has no answer, and when an answer names a scenario, a test or a decision that does not exist.
"""
import collections
import functools
import pathlib
import re
import sys
import tempfile

import yaml

COUNT = 319
KINDS = ("scenario", "test", "decision", "later", "not_applicable")
LATER = {"tls": "comes with TLS", "subprocess": "comes with subprocesses"}
SOURCE, PAGE, DECISIONS = "tests/conformance/behaviours.yaml", "docs/conformance.md", "docs/decisions.md"
SCENARIOS = "tests/conformance/scenarios"

HEAD = """\
<!-- Made by tests/conformance/conformance_page.py from {source}. Change that one. -->
# What asyncio does, and what we answer

asyncio's documentation leaves much open that protocols rely on all the same. This page is what CPython's selector event loop
does on Linux, point by point, and for each point the place that answers for protohost.

- A **scenario** is a file in [tests/conformance/scenarios](../tests/conformance/scenarios): a peer, a protocol, and what each
  does when. It is played twice with the same steps, by asyncio and by protohostd, and the two records of callbacks, answers and
  bytes are compared. They must be equal, save where the scenario names a decision that says why not.
- A **test** is one of this repository's own, for what such a record cannot show: log lines, failures at the start, descriptors.
- A **decision** (D1 ...) is a row of [decisions.md](decisions.md): protohost does something else, on purpose.

The asyncio that is asked is Debian 12's, CPython 3.11. The statements are about 3.13. Where the two differ they say so, and the
scenario holds the record that 3.13 would give. uvloop is described where it differs, because many protocols run on it; it is
not played against.

```sh
tests/conformance/run          # plays all scenarios against both, and prints where they differ
```

A test keeps this page, its numbers and its names true.
"""


class Tree:
    """What the answers may name, in the repository at `root`."""

    def __init__(self, root):
        self.root = root
        self.decisions = set(re.findall(r"^\| (D\d+) \|", self.text(DECISIONS), re.M))
        self.scenarios = {path.stem for path in (root / SCENARIOS).glob("*.yaml")}

    @functools.lru_cache(maxsize=None)
    def text(self, name):
        path = self.root / name
        return path.read_text() if path.is_file() else ""

    def lacks_test(self, name):
        """Why FILE:SUITE.NAME is no test, or None."""
        named = re.fullmatch(r"([\w./-]+):(\w+)\.(\w+)", name)
        if not named:
            return "is not FILE:SUITE.NAME"
        file, suite, case = named.groups()
        if not (self.root / file).is_file():
            return "has no such file"
        if not re.search(rf"\bTEST(_F|_P)?\(\s*{suite},\s*{case}\s*\)", self.text(file)):
            return "is not in that file"
        return None


def listed(value):
    return [value] if isinstance(value, str) else list(value or [])


def complaints(behaviours, tree):
    """Everything that is wrong with the list and its answers."""
    found = []
    times = collections.Counter(entry.get("number") for entry in behaviours)
    found += [f"behaviour {number} is missing" for number in range(1, COUNT + 1) if number not in times]
    found += [f"behaviour {number} is there {count} times" for number, count in times.items() if count > 1]
    for entry in behaviours:
        number, answer = entry.get("number"), entry.get("answer") or {}
        if number not in range(1, COUNT + 1):
            found.append(f"behaviour {number}: numbers are 1 to {COUNT}")
        if unknown := set(entry) - {"section", "number", "statement", "answer"}:
            found.append(f"behaviour {number}: does not know {', '.join(sorted(unknown))}")
        if not isinstance(entry.get("statement"), str):
            found.append(f"behaviour {number}: has no statement")
        found += [f"behaviour {number}: {text}" for text in answer_complaints(answer, tree)]
    return found


def answer_complaints(answer, tree):
    if not any(answer.get(kind) for kind in KINDS):
        yield "has no answer"
    if unknown := set(answer) - set(KINDS):
        yield f"an answer is not {', '.join(sorted(unknown))}"
    if "not_applicable" in answer and len(answer) > 1:
        yield "is not applicable, and has an answer all the same"
    for name in listed(answer.get("scenario")):
        if name not in tree.scenarios:
            yield f"scenario {name} does not exist"
    for name in listed(answer.get("test")):
        if why := tree.lacks_test(name):
            yield f"test {name} {why}"
    for name in listed(answer.get("decision")):
        if name not in tree.decisions:
            yield f"decision {name} is not in {DECISIONS}"
    for name in listed(answer.get("later")):
        if name not in LATER:
            yield f"later is one of {', '.join(LATER)}"


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def shown(answer):
    """An answer as it stands in the table."""
    parts = [f"{name}, decided" for name in listed(answer.get("decision"))]
    parts += [f"[{name}](../{SCENARIOS}/{name}.yaml)" for name in listed(answer.get("scenario"))]
    for name in listed(answer.get("test")):
        file, _, test = name.partition(":")
        parts.append(f"[{test}](../{file})")
    parts += [LATER[name] for name in listed(answer.get("later"))]
    if "not_applicable" in answer:
        parts.append("not applicable: " + answer["not_applicable"])
    return cell("; ".join(parts))


def totals(behaviours):
    """Each behaviour in one line only: the first that fits."""
    kinds = (("played against asyncio, and the same", lambda a: "scenario" in a and "decision" not in a),
             ("played against asyncio, and different where we decided so", lambda a: "scenario" in a),
             ("shown by a test, and the same", lambda a: "test" in a and "decision" not in a),
             ("shown by a test, and different where we decided so", lambda a: "test" in a),
             ("comes with TLS", lambda a: a.get("later") == "tls"),
             ("comes with subprocesses", lambda a: a.get("later") == "subprocess"),
             ("decided, with nothing to play", lambda a: "decision" in a),
             ("not applicable", lambda a: True))
    counted = collections.Counter(next(name for name, fits in kinds if fits(entry["answer"])) for entry in behaviours)
    rows = [f"| {name} | {counted[name]} |" for name, _ in kinds if counted[name]]
    return ["| behaviours | |", "|---|---:|", *rows, f"| **all** | **{len(behaviours)}** |"]


def page(behaviours):
    lines = [HEAD.format(source=SOURCE), *totals(behaviours)]
    for entry in behaviours:
        if "section" in entry:
            lines += ["", f"## {entry['section']}", "", "| | asyncio | protohost |", "|---:|---|---|"]
        lines.append(f"| {entry['number']} | {cell(entry['statement'])} | {shown(entry['answer'])} |")
    return "\n".join(lines) + "\n"


def prove():
    """The check must see one mistake of each kind, and none where there is none."""
    good = [{"number": number, "statement": "Said.", "answer": {"scenario": ["here"]}} for number in range(1, COUNT + 1)]
    good[0] |= {"section": "All", "answer": {"decision": "D1", "test": ["a_test.cpp:Suite.Wrapped"], "later": "tls"}}
    mistakes = {"is missing": {"number": 2}, "2 times": {"number": 2}, "has no answer": {"answer": {}},
                "has no statement": {"statement": None}, "nowhere does not exist": {"answer": {"scenario": ["nowhere"]}},
                "has no such file": {"answer": {"test": ["b_test.cpp:Suite.Name"]}},
                "is not in that file": {"answer": {"test": ["a_test.cpp:Suite.Wrap"]}},
                "is not FILE:SUITE.NAME": {"answer": {"test": ["a_test.cpp"]}}, "D9 is not in": {"answer": {"decision": "D9"}},
                "later is one of": {"answer": {"later": "never"}}, "does not know colour": {"colour": "red"},
                "an answer is not perhaps": {"answer": {"scenario": ["here"], "perhaps": 1}},
                "all the same": {"answer": {"scenario": ["here"], "not_applicable": "why"}},
                "numbers are 1 to": {"number": COUNT + 1}}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {SCENARIOS + "/here.yaml": "", DECISIONS: "| D1 | x |\n| 2 | D9 |\n",
                           "a_test.cpp": "TEST_F(Suite,\n       Wrapped) {"}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        tree = Tree(root)
        assert complaints(good, tree) == [], complaints(good, tree)
        for expected, mistake in mistakes.items():
            found = complaints([good[0], good[1], good[2] | mistake, *good[3:]], tree)
            assert any(expected in line for line in found), f"the check itself is broken: {expected}: {found}"


def main(arguments):
    prove()
    check = "--check" in arguments
    rest = [argument for argument in arguments if argument != "--check"]
    root = pathlib.Path(rest[0] if rest else pathlib.Path(__file__).parents[2])
    behaviours = yaml.safe_load((root / SOURCE).read_text())
    tree = Tree(root)
    found = complaints(behaviours, tree)
    if not check:
        (root / PAGE).write_text(page(behaviours))
    elif not any(line.endswith(("no answer", "no statement")) for line in found) and page(behaviours) != tree.text(PAGE):
        found.append(f"{PAGE} is not what {SOURCE} makes of it; run tests/conformance/conformance_page.py")
    print(*found, sep="\n")
    print(f"{len(behaviours)} behaviours, {len(found)} complaints")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
