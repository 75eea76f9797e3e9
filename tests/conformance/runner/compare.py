# SPDX-License-Identifier: MIT
"""Whether what happened is what should have happened, and how to show it."""
import itertools
import sys

from . import trace


def verdict(scenario, ours, asyncio, flow=True):
    """"" where all is well, else why not. `asyncio` is None where there is nothing to compare with; `flow`
    is false where the traces are without flow control."""
    for side, found in (("protohostd", ours), ("asyncio", asyncio)):
        if found is not None and "runner" in found:
            return f"{side}: {'; '.join(found['runner'])}"
    expected = scenario.expect
    if not flow:
        expected = {side: [line for line in lines if not trace.is_flow(line.split(" ")[0])]
                    for side, lines in expected.items()}
    if not expected:
        return "" if ours == asyncio else "protohostd and asyncio differ"
    if ours != expected:
        return "protohostd does not do what the scenario expects"
    if asyncio == expected and (scenario.differs or sys.version_info < (3, 13)):
        return (f"stale: asyncio does the same; remove {'differs' if scenario.differs else 'baseline'} and expect")
    if asyncio is not None and scenario.baseline and sys.version_info >= (3, 13) and asyncio != expected:
        return "this asyncio does not do what the baseline says"
    return ""


def side_by_side(scenario, ours, asyncio):
    """Both traces in two columns, with a mark where they differ."""
    other, title = (scenario.expect, "expected") if scenario.expect else (asyncio or {}, "asyncio")
    out = _columns(ours, other, "protohostd", title)
    if scenario.expect and asyncio is not None:
        out += ["", *_columns(ours, asyncio, "protohostd", "asyncio")]
    return "\n".join(out)


def _columns(left, right, left_title, right_title):
    # What the runner has to say may be long, and was said before; its beginning shows on which side it was.
    left, right = ({side: [line.partition("\n")[0] for line in lines] for side, lines in found.items()}
                   for found in (left, right))
    width = max([len(line) for lines in left.values() for line in lines] + [len(left_title), 30])
    width = min(width, 90)
    out = [f"      {left_title:<{width}}   {right_title}"]
    for side in sorted(set(left) | set(right)):
        out.append(f"    {side}:")
        for one, two in itertools.zip_longest(left.get(side, []), right.get(side, []), fillvalue=""):
            out.append(f"    {' ' if one == two else '!'} {one:<{width}} | {two}".rstrip())
    return out
