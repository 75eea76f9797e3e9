# SPDX-License-Identifier: MIT
"""From what happened to lines that can be compared: one list for each protocol and each peer."""
import itertools
import re
import zlib

from . import addresses, data
from .peer import error_class

DATA = ("data_received", "buffer_updated", "pipe_data_received")
MANY = 8  # datagrams, before a row of them becomes one line


def is_flow(name):
    """Whether when and how often it comes depends on how much each system call takes."""
    return name.rpartition(".")[2] in ("pause_writing", "resume_writing", "get_buffer")


def lines(scenario, peers, unit, flow=True):
    """{"protocol": [..], "peer": [..]}; of a second peer `b`: "protocol b", "peer b". Without `flow`,
    flow control is left out. "runner": what is wrong whatever the other side does."""
    events = unit.events.all() if unit is not None else []
    names = {}
    for by, end in () if scenario.datagrams else peers.ends.items():  # of several holders of one end the first counts
        names.setdefault(end.connection, "" if by == "peer" else f" {by}")
    out = {}
    for number in sorted({event["connection"] for event in events}):
        mine = [event for event in events if event["connection"] == number]
        side = "protocol" + names.get(number, f" {number}" if number > 1 else "")
        if problem := _endless(mine) or _unpaired(mine):
            out["runner"] = [f"{side}: {problem}"]
        # What comes from the pipes of a process has an order for each of them, and no other.
        for fd in sorted({event.get("fd", -1) for event in mine}):
            out[side if fd < 0 else f"{side} {fd}"] = _protocol(
                [event for event in mine if event.get("fd", -1) == fd and (flow or not is_flow(event["event"]))],
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


def _endless(events):
    """Filling has an end."""
    for event in events:
        if event["event"] == "endless":
            return f"{event['value']}: nothing waits after 1 MiB; let nobody receive meanwhile, and give the scenario buffers"
    return ""


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
    folded = []  # [callback, value, sender of a datagram]
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
            folded.append([name, value, event.get("from")])
    out = []
    for (name, sender), group in itertools.groupby(folded, lambda one: (one[0], one[2])):
        values = [one[1] for one in group]
        if sender is not None:
            out += [f"{name} {shown} from {sender}" for shown in _datagrams(values)]
        else:
            out += [f"{name} {data.show(value) if isinstance(value, bytes) else _value(value)}".rstrip()
                    for value in values]
    return _counted(out)


def _is_fill(what, value):
    return what == "datagram" and len(value) > 0 and data.fill_size(value) == len(value)


def _datagrams(row):
    """Each one, but of a long row what tells it from others."""
    if len(row) <= MANY:
        return [data.show(one) for one in row]
    crc = 0
    for one in row:
        crc = zlib.crc32(one, zlib.crc32(len(one).to_bytes(4, "big"), crc))
    return [f"{len(row)} of {sum(map(len, row))} bytes, crc {crc:08x}"]


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
        if out and out[-1][0] == line and line.startswith(("write", "sendto")):
            out[-1][1] += 1
        else:
            out.append([line, 1])
    return [line if times == 1 else f"{line}, {times} times" for line, times in out]


def _peer(seen, filled):
    folded, out = [], []
    for what, value in seen:
        if what == "received" and folded and folded[-1][0] == "received":
            folded[-1][1] += value
        else:
            folded.append([what, value])
    for what, group in itertools.groupby(folded, lambda one: "fill" if filled and _is_fill(*one) else one[0]):
        values = [value for _, value in group]
        if what == "fill":
            out.append("datagrams of fill")
        elif what == "datagram":
            out += [f"{what} {shown}" for shown in _datagrams(values)]
        else:
            out += [f"{what} {data.show(value, filled > 0) if isinstance(value, bytes) else value}".rstrip()
                    for value in values]
    if filled:
        got = sum(data.fill_size(value) for _, value in folded if isinstance(value, bytes))
        out.append("all of the fill" if got == filled else "not all of the fill" if got < filled else "too much fill")
    return out


def _neutral(line, peers, unit):
    """Addresses that differ from play to play get names."""
    names = [(end.address, f"<{by}>") for by, end in peers.ends.items()] + [(unit.address, "<unit>")]
    for address, name in sorted(((addresses.text(address), name) for address, name in names), reverse=True):
        line = line.replace(address, name) if address else line
    return line
