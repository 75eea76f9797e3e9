# SPDX-License-Identifier: MIT
"""Whether what happened is what should have happened, and how to show it."""
import itertools
import re
import sys


def verdict(scenario, ours, asyncio, any_chunks=False):
    """"" where all is well, else why not. `asyncio` is None where there is nothing to compare with."""
    for side, found in (("protohostd", ours), ("asyncio", asyncio)):
        if found is not None and "runner" in found:
            return f"{side}: {'; '.join(found['runner'])}"
    if problem := _pairing(ours):
        return problem
    expected = {side: list(lines) for side, lines in scenario.expect.items()}
    if any_chunks or scenario.any_flow:
        ours, asyncio, expected = _without_flow(ours), asyncio and _without_flow(asyncio), _without_flow(expected)
    if not expected:
        return "" if ours == asyncio else "protohostd and asyncio differ"
    if ours != expected:
        return "protohostd does not do what the scenario expects"
    if asyncio == expected and (scenario.differs or sys.version_info < (3, 13)):
        return (f"stale: asyncio does the same; remove {'differs' if scenario.differs else 'baseline'} and expect")
    if asyncio is not None and scenario.baseline and sys.version_info >= (3, 13) and asyncio != expected:
        return "this asyncio does not do what the baseline says"
    return ""


def _pairing(found):
    """pause_writing and resume_writing alternate, on every connection."""
    for side, lines in found.items():
        paused = False
        for line in lines:
            name = line.split(" ")[0].rpartition(".")[2]
            if name in ("pause_writing", "resume_writing"):
                if paused == (name == "pause_writing"):
                    return f"{side}: {name} twice without the other between"
                paused = not paused
    return ""


def _without_flow(found):
    """What does not depend on how much each system call takes."""
    depends = re.compile(r"(\w+\.)?(pause_writing|resume_writing|get_buffer)\b")
    return {side: _folded([line for line in lines if not depends.match(line)]) for side, lines in found.items()}


def _folded(lines):
    """Written statuses that stand together now were apart only because of what was taken out."""
    return [line for line, _ in itertools.groupby(lines)]


def side_by_side(scenario, ours, asyncio):
    """Both traces in two columns, with a mark where they differ."""
    other, title = (scenario.expect, "expected") if scenario.expect else (asyncio or {}, "asyncio")
    out = _columns(ours, other, "protohostd", title)
    if scenario.expect and asyncio is not None:
        out += ["", *_columns(ours, asyncio, "protohostd", "asyncio")]
    return "\n".join(out)


def _columns(left, right, left_title, right_title):
    width = max([len(line) for lines in left.values() for line in lines] + [len(left_title), 30])
    width = min(width, 90)
    out = [f"      {left_title:<{width}}   {right_title}"]
    for side in sorted(set(left) | set(right)):
        out.append(f"    {side}:")
        for one, two in itertools.zip_longest(left.get(side, []), right.get(side, []), fillvalue=""):
            out.append(f"    {' ' if one == two else '!'} {one:<{width}} | {two}".rstrip())
    return out
