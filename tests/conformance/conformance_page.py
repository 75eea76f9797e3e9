#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""conformance_page.py [--check] [ROOT]: writes docs/conformance.md from behaviours.yaml.

With --check it writes nothing, and fails when the page is not what it would write, when a behaviour is missing, comes twice or
has no answer, when an answer names a scenario, a test or a decision that does not exist, and when a scenario says that it shows
a behaviour, or differs by a decision, of which the list knows nothing.
"""
import collections
import functools
import pathlib
import re
import sys
import tempfile

import yaml

COUNT = 319
KINDS = ("scenario", "over_tls", "test", "decision", "not_applicable")
SOURCE, PAGE, DECISIONS = "tests/conformance/behaviours.yaml", "docs/conformance.md", "docs/decisions.md"
SCENARIOS, OVER_TLS = "tests/conformance/scenarios", "tests/conformance/over_tls.yaml"

HEAD = f"""\
<!-- Made by tests/conformance/conformance_page.py from {SOURCE}: change that one. -->
# What asyncio does, and what we answer

asyncio's documentation leaves much open that protocols rely on all the same. This page is what CPython's selector event loop
does on Linux, point by point, and for each point the place that answers for protohost.

- A **scenario** is a file in [{SCENARIOS}](../{SCENARIOS}): a peer, a protocol, and
  what each does when. It is played twice with the same steps, by asyncio and by protohostd, and the two records of callbacks,
  answers and bytes are compared. They must be equal, save where the scenario names the decision that says why not.
  **Over TLS** it is played with TLS, and compared with asyncio's TLS, or, where a decision says so, with asyncio without it.
- A **test** is one of this repository's own, for what such a record cannot show: log lines, failures at the start, descriptors.
- A **decision** (D1 ...) is a row of [decisions.md](decisions.md): protohost does something else, on purpose.

The asyncio that is asked is Debian 12's, CPython 3.11; the statements are about 3.13. Where the two differ the statement says so,
and the scenario holds what 3.13 would record. uvloop is described where it differs, because many protocols run on it; it is not
played against.

```sh
tests/conformance/run          # plays all scenarios against both, and prints where they differ
```

A test keeps this page true: every number once, every name that it links to, and every scenario named.
"""


class Tree:
    """What the answers may name, in the repository at `root`."""

    def __init__(self, root):
        self.root = root
        self.decisions = set(re.findall(r"^\| (D\d+) \|", self.text(DECISIONS), re.M))
        self.scenarios = {path.stem: yaml.load(path.read_text(), yaml.CSafeLoader)
                          for path in sorted((root / SCENARIOS).glob("*.yaml"))}
        groups = yaml.load(self.text(OVER_TLS), yaml.CSafeLoader) or []
        self.over_tls = {name: group for group in groups for name in group["scenarios"]}

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
        if not re.search(rf"^TEST(_F|_P)?\(\s*{suite},\s*{case}\s*\)", self.text(file), re.M):
            return "is not in that file"
        return None

    def waits_for(self, name):
        """What is missing before this scenario can be played, or None."""
        return self.scenarios[name].get("needs") if name in self.scenarios else "its file"


def listed(value):
    return [value] if isinstance(value, str) else list(value or [])


def malformed(behaviours):
    """What keeps the list from becoming a page."""
    times = collections.Counter(entry.get("number") for entry in behaviours)
    yield from (f"behaviour {number} is missing" for number in range(1, COUNT + 1) if number not in times)
    yield from (f"behaviour {number} is there {count} times" for number, count in times.items() if count > 1)
    for entry in behaviours:
        number, answer = entry.get("number"), entry.get("answer") or {}
        if number not in range(1, COUNT + 1):
            yield f"behaviour {number}: numbers are 1 to {COUNT}"
        if unknown := set(entry) - {"section", "number", "statement", "answer"}:
            yield f"behaviour {number}: does not know {', '.join(sorted(unknown))}"
        if not isinstance(entry.get("statement"), str):
            yield f"behaviour {number}: has no statement"
        if not any(answer.get(kind) for kind in KINDS):
            yield f"behaviour {number}: has no answer"
        if unknown := set(answer) - set(KINDS):
            yield f"behaviour {number}: an answer is not {', '.join(sorted(unknown))}"
        if "not_applicable" in answer and len(answer) > 1:
            yield f"behaviour {number}: is not applicable, and has an answer all the same"
        if "comes with" in str(answer.get("not_applicable")):
            yield f"behaviour {number}: what comes later is no answer"


def unknown_names(behaviours, tree):
    """Answers that name what is not there."""
    for entry in behaviours:
        answer, place = entry["answer"], f"behaviour {entry['number']}"
        for name in listed(answer.get("scenario")):
            if name not in tree.scenarios:
                yield f"{place}: scenario {name} does not exist"
        for name in listed(answer.get("over_tls")):
            group = tree.over_tls.get(name, {"against": "nothing"})
            if group["against"] == "nothing":
                yield f"{place}: {name} is not played over TLS"
            elif group.get("decision", "") not in ["", *listed(answer.get("decision"))]:
                yield f"{place}: {name} is played over TLS by {group['decision']}, and the answer does not say so"
        for name in listed(answer.get("test")):
            if why := tree.lacks_test(name):
                yield f"{place}: test {name} {why}"
        for name in listed(answer.get("decision")):
            if name not in tree.decisions:
                yield f"{place}: decision {name} is not in {DECISIONS}"


def disagreements(behaviours, tree):
    """What scenarios say about themselves, and the list does not."""
    named = collections.defaultdict(set)
    decided = collections.defaultdict(set)
    for entry in behaviours:
        for name in listed(entry["answer"].get("scenario")):
            named[name].add(f"B{entry['number']}")
            decided[name] |= set(listed(entry["answer"].get("decision")))
    for name, scenario in tree.scenarios.items():
        if not named[name]:
            yield f"scenario {name}: answers for no behaviour"
        says = set(scenario.get("behaviours") or [])
        shows = {number for number in says if number.startswith("B")}
        for number in sorted(shows - named[name]):
            yield f"scenario {name}: shows {number}, whose answer does not name it"
        for number in sorted(says - shows - tree.decisions):
            yield f"scenario {name}: decision {number} is not in {DECISIONS}"
        differs = scenario.get("differs")
        if differs and differs not in decided[name]:
            yield f"scenario {name}: differs by {differs}, and none of its behaviours says so"


def undecided_over_tls(tree):
    """Reasons why a scenario is not compared with asyncio's TLS that nobody has decided."""
    for decision in sorted({group["decision"] for group in tree.over_tls.values() if "decision" in group} - tree.decisions):
        yield f"{OVER_TLS}: decision {decision} is not in {DECISIONS}"


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def shown(answer, tree):
    """An answer as it stands in the table."""
    parts = [f"{name}, decided" for name in listed(answer.get("decision"))]
    for name in listed(answer.get("scenario")):
        waits = tree.waits_for(name)
        parts.append(f"[{name}]" + (f" (waits for {waits})" if waits else ""))
    parts += [f"[{name}] over TLS" for name in listed(answer.get("over_tls"))]
    parts += [f"[{name.partition(':')[2]}]" for name in listed(answer.get("test"))]
    if "not_applicable" in answer:
        parts.append("not applicable: " + answer["not_applicable"])
    return cell("; ".join(parts))


def totals(behaviours, tree):
    """Each behaviour in one line only: the first that fits."""
    def played(answer):
        return "over_tls" in answer or any(not tree.waits_for(name) for name in listed(answer.get("scenario")))

    kinds = (("played against asyncio, and the same", lambda a: played(a) and "decision" not in a),
             ("played against asyncio; a decision says where we differ", played),
             ("shown by a test, and the same", lambda a: "test" in a and "decision" not in a),
             ("shown by a test; a decision says where we differ", lambda a: "test" in a),
             ("scenarios that wait for a part of the daemon", lambda a: "scenario" in a),
             ("decided, with nothing to play", lambda a: "decision" in a),
             ("not applicable", lambda a: True))
    counted = collections.Counter(next(name for name, fits in kinds if fits(entry["answer"])) for entry in behaviours)
    rows = [f"| {name} | {counted[name]} |" for name, _ in kinds if counted[name]]
    return ["| behaviours | |", "|---|---:|", *rows, f"| all | {len(behaviours)} |"]


def links(behaviours):
    """Where the names in brackets lead."""
    found = {}
    for entry in behaviours:
        found |= {name: f"{SCENARIOS}/{name}.yaml" for kind in ("scenario", "over_tls")
                  for name in listed(entry["answer"].get(kind))}
        found |= {name.partition(":")[2]: name.partition(":")[0] for name in listed(entry["answer"].get("test"))}
    return [f"[{name}]: ../{file}" for name, file in sorted(found.items())]


def page(behaviours, tree):
    lines = [HEAD, *totals(behaviours, tree)]
    for entry in behaviours:
        if "section" in entry:
            lines += ["", f"## {entry['section']}", "", "| | asyncio | protohost |", "|---:|---|---|"]
        lines.append(f"| {entry['number']} | {cell(entry['statement'])} | {shown(entry['answer'], tree)} |")
    return "\n".join([*lines, "", *links(behaviours)]) + "\n"


def prove():
    """Each kind of mistake is found, and none where there is none."""
    everything = [f"B{number}" for number in range(2, COUNT + 1)]
    here = {"behaviours": [*everything, "D1"], "differs": "D1"}
    good = [{"number": number, "statement": "Said.", "answer": {"scenario": ["here"]}} for number in range(1, COUNT + 1)]
    good[0] |= {"section": "All", "answer": {"decision": "D1", "test": ["a_test.cpp:Suite.Wrapped"]}}
    good[2]["answer"] = {"scenario": ["here"], "decision": ["D1"]}
    mistakes = {"is missing": {"number": 2}, "2 times": {"number": 2}, "has no answer": {"answer": {}},
                "has no statement": {"statement": None}, "nowhere does not exist": {"answer": {"scenario": ["nowhere"]}},
                "has no such file": {"answer": {"test": ["b_test.cpp:Suite.Name"]}},
                "is not in that file": {"answer": {"test": ["a_test.cpp:Suite.Wrap"]}},
                "is not FILE:SUITE.NAME": {"answer": {"test": ["a_test.cpp"]}}, "D9 is not in": {"answer": {"decision": "D9"}},
                "an answer is not later": {"answer": {"later": "tls"}}, "does not know colour": {"colour": "red"},
                "an answer is not perhaps": {"answer": {"scenario": ["here"], "perhaps": 1}},
                "all the same": {"answer": {"scenario": ["here"], "not_applicable": "why"}},
                "is no answer": {"answer": {"not_applicable": "comes with TLS"}},
                "numbers are 1 to": {"number": COUNT + 1}, "shows B3, whose": {"answer": {"not_applicable": "it is not"}},
                "none of its behaviours says so": {"answer": {"scenario": ["here"]}}}
    in_scenarios = {"decision D9": {"here": here | {"behaviours": [*everything, "D9"]}},
                    "answers for no": {"here": here, "alone": {"behaviours": ["D1"]}}}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {SCENARIOS + "/here.yaml": str(here), DECISIONS: "| D1 | x |\n| 2 | D9 |\n",
                           "a_test.cpp": "TEST_F(Suite,\n       Wrapped) {"}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        tree = Tree(root)

        def find(behaviours):
            return [*malformed(behaviours)] or [*unknown_names(behaviours, tree), *disagreements(behaviours, tree),
                                                *undecided_over_tls(tree)]

        assert find(good) == [], find(good)
        for expected, mistake in mistakes.items():
            found = find([*good[:2], good[2] | mistake, *good[3:]])
            assert any(expected in line for line in found), f"the check itself is broken: {expected}: {found}"
        for expected, tree.scenarios in in_scenarios.items():
            found = find(good)
            assert any(expected in line for line in found), f"the check itself is broken: {expected}: {found}"
        tree.scenarios = {"here": here}
        tree.over_tls = {"here": {"against": "tcp", "decision": "D7"}, "there": {"against": "nothing"}}
        assert find(good) == [f"{OVER_TLS}: decision D7 is not in {DECISIONS}"], find(good)
        for name, expected in {"here": "by D7, and the answer does not say so", "there": "is not played over TLS"}.items():
            found = find([*good[:2], good[2] | {"answer": good[2]["answer"] | {"over_tls": [name]}}, *good[3:]])
            assert any(expected in line for line in found), f"the check itself is broken: {expected}: {found}"


def main(arguments):
    prove()
    check = "--check" in arguments
    rest = [argument for argument in arguments if argument != "--check"]
    root = pathlib.Path(rest[0] if rest else pathlib.Path(__file__).parents[2])
    behaviours = yaml.load((root / SOURCE).read_text(), yaml.CSafeLoader)
    if found := [*malformed(behaviours)]:
        print(*found, sep="\n")
        return 1
    tree = Tree(root)
    found = [*unknown_names(behaviours, tree), *disagreements(behaviours, tree), *undecided_over_tls(tree)]
    if not check:
        (root / PAGE).write_text(page(behaviours, tree))
    elif page(behaviours, tree) != tree.text(PAGE):
        found.append(f"{PAGE} is not what {SOURCE} makes of it; run tests/conformance/conformance_page.py")
    print(*found, sep="\n")
    print(f"{len(behaviours)} behaviours, {len(tree.scenarios)} scenarios, {len(found)} complaints")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
