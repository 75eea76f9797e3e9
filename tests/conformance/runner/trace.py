# SPDX-License-Identifier: MIT
"""From what happened to lines that can be compared: one list for each protocol and each peer."""
import re

from . import data
from .peer import error_class

DATA = ("data_received", "buffer_updated")


def is_flow(name):
    """Whether when and how often it comes depends on how much each system call takes."""
    return name.rpartition(".")[2] in ("pause_writing", "resume_writing", "get_buffer")


def lines(scenario, peers, unit, flow=True):
    """{"protocol": [..], "peer": [..]}; of a second peer `b`: "protocol b", "peer b". Without `flow`,
    flow control is left out. "runner": what is wrong whatever the other side does."""
    events = unit.events.all() if unit is not None else []
    names = {}
    for by, end in peers.ends.items():  # of several holders of one end the first counts
        names.setdefault(end.connection, "" if by == "peer" else f" {by}")
    out = {}
    for number in sorted({event["connection"] for event in events}):
        mine = [event for event in events if event["connection"] == number]
        side = "protocol" + names.get(number, f" {number}" if number > 1 else "")
        if problem := _unpaired(mine):
            out["runner"] = [f"{side}: {problem}"]
        out[side] = _protocol([event for event in mine if flow or not is_flow(event["event"])],
                              scenario.chunks == "exact")
    for by, end in peers.ends.items():
        filled = unit.filled(end.connection) if unit is not None else 0
        side = "peer" if by == "peer" else f"peer {by}"
        out[side] = _peer(end.seen, filled)
        if "too much fill" in out[side]:
            out["runner"] = [f"{side}: bytes that were not filled in cannot be told from those; write others"]
    if unit is None:
        return out
    return {side: [_neutral(line, peers, unit) for line in found] for side, found in out.items()}


def _unpaired(events):
    """pause_writing and resume_writing alternate."""
    paused = False
    for event in events:
        name = event["event"].rpartition(".")[2]
        if name in ("pause_writing", "resume_writing"):
            if paused == (name == "pause_writing"):
                return f"{name} twice without the other between"
            paused = not paused
    return ""


def _protocol(events, exact):
    folded = []
    for event in events:
        name, value = event["event"], event.get("data", event.get("value", ""))
        if name == "filled":
            continue
        if name == "...":
            folded[-1][1] += value
        elif not exact and _continues(folded, name):
            # A run of get_buffer and buffer_updated is one of each.
            if folded[-1][0] != name:
                folded.pop()
            folded[-1][1] += value
        else:
            folded.append([name, value])
    return _counted([f"{name} {data.show(value)}" if isinstance(value, bytes) else f"{name} {_value(value)}".rstrip()
                     for name, value in folded])


def _continues(folded, name):
    if name.rpartition(".")[2] not in DATA or not folded:
        return False
    if folded[-1][0] == name:
        return True
    asked = name.replace("buffer_updated", "get_buffer")
    return len(folded) > 1 and folded[-1][0] == asked and folded[-2][0] == name


def _value(text):
    match = re.fullmatch(r"errno (\d+)", text)
    return error_class(int(match[1])) if match else text


def _counted(found):
    """Repeated statuses as one line."""
    out = []
    for line in found:
        if out and out[-1][0] == line and line.startswith("write"):
            out[-1][1] += 1
        else:
            out.append([line, 1])
    return [line if times == 1 else f"{line}, {times} times" for line, times in out]


def _peer(seen, filled):
    folded = []
    for what, value in seen:
        if what == "received" and folded and folded[-1][0] == "received":
            folded[-1][1] += value
        else:
            folded.append([what, value])
    out = [f"{what} {data.show(value, filled > 0)}" if isinstance(value, bytes) else f"{what} {value}".rstrip()
           for what, value in folded]
    if filled:
        got = sum(data.fill_size(value) for what, value in folded if what == "received")
        out.append("all of the fill" if got == filled else "not all of the fill" if got < filled else "too much fill")
    return out


def _neutral(line, peers, unit):
    """Addresses that differ from play to play get names."""
    names = [(end.address, f"<{by}>") for by, end in peers.ends.items()] + [(unit.address, "<unit>")]
    for address, name in sorted(((text(address), name) for address, name in names), reverse=True):
        line = line.replace(address, name) if address else line
    return line


def text(address):
    """A socket's address as the daemon writes it."""
    if isinstance(address, tuple):
        return "{}:{}".format(*address)
    if isinstance(address, bytes):
        address = address.decode()
    return address.replace("\0", "@", 1) if address else ""
