#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guard.py <build folder> <build's name> <pattern of cases> [--update]

Counts what protohostd does for a message and for a connection, as bench/compare does, and compares
it with figures.json beside this file. Nothing here depends on how busy the machine is.

Where a change is meant: --update writes what was counted. Another compiler has other instructions:
--update adds its figures; until then they are only shown, and the test is skipped.

How much memory of OpenSSL comes back depends on how many connections are under way at a time. So
80.0 for allocations-tls-connections is a limit, to be put back after --update: 50 to 60 are
counted, 783 where nothing comes back.
"""
import fnmatch
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FIGURES = os.path.join(HERE, "figures.json")
ANY_BUILD = "any build"
SKIPPED = 77

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "bench"))
import cases  # noqa: E402
import measures  # noqa: E402

# Calls that a batch shares are fewer the more there is to do: no figure of theirs is exact.
SHARED = 0.25
FEW = 0.05


def counted(case, build):
    """The calls of the kernel by name, or one number."""
    measure, _ = cases.CASES[case]
    result = measure.run(measures.Settings(build), ["protohostd"])[0]
    return result.get("calls", result["total"])


def as_figure(value):
    """An accept that finds nobody, once a batch, is beside one for each connection."""
    if isinstance(value, dict):
        return {call: round(count) + (SHARED if count - round(count) > 0.01 else 0)
                for call, count in sorted(value.items()) if count > FEW}
    return round(value, 1)


def complaints(case, value, figure):
    if isinstance(value, dict):
        for call, count in value.items():
            limit = figure.get(call, 0) + FEW
            if count > limit:
                yield f"{call}: {count:.3f} for each, at most {limit:g} expected"
    elif case.startswith("instructions"):
        if abs(value / figure - 1) > 0.03:
            yield f"{value:.1f} instructions, {figure:g} within 3 % expected"
    elif value > figure * 1.03:
        yield f"{value:.3f} for each, at most {figure:g} expected"


def prove():
    """The guard must see each kind of change."""
    calls = {"recvfrom": 1, "epoll_wait": SHARED}
    for case, value, figure, wrong in (
            ("calls", {"recvfrom": 1.0, "epoll_wait": 0.02}, calls, False),
            ("calls", {"recvfrom": 2.0}, calls, True), ("calls", {"write": 0.5}, calls, True),
            ("instructions", 102.9, 100, False), ("instructions", 103.1, 100, True),
            ("instructions", 96.9, 100, True), ("allocations", 0.0, 0, False),
            ("allocations", 0.0001, 0, True), ("allocations", 9.0, 8, True)):
        if bool(list(complaints(case, value, figure))) != wrong:
            sys.exit(f"the guard itself is broken: {case} {value}")


def main(build, name, pattern, update=None):
    prove()
    with open(FIGURES) as file:
        figures = json.load(file)
    code = 0
    chosen = fnmatch.filter(cases.CASES, pattern)
    if not chosen:
        sys.exit(f"no case {pattern}")
    for case in chosen:
        own = figures.setdefault(name if case.startswith("instructions") else ANY_BUILD, {})
        value = counted(case, build)
        print(f"{case}: {value}")
        if update:
            own[case] = as_figure(value)
        elif case not in own:
            print(f"  there is no figure for {name}; tests/perf/guard.py --update adds it")
            code = code or SKIPPED
        else:
            for text in complaints(case, value, own[case]):
                print(f"  {text}")
                code = 1
    if update:
        with open(FIGURES, "w") as file:
            file.write(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    return code


sys.exit(main(*sys.argv[1:]))
