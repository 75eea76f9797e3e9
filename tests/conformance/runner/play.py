# SPDX-License-Identifier: MIT
"""Plays one scenario on one side."""
import os
import socket
import tempfile

from . import trace
from .child_peer import ChildPeers
from .datagram_peer import DatagramPeers
from .events import Stuck
from .peer import PATIENCE, Peers

LAST_TURNS = 5  # of the loop, so that what must not happen has its chance


class Unit:
    """What the runner needs of a side's unit. `address`: where the peer connects to."""

    def __init__(self, events, address=None):
        self.events, self.address, self._last = events, address, 0

    def command(self, text, descriptor=None):
        """Tells the side to do `text`, and waits until it is done."""
        self._last += 1
        self.give(self._last, text, descriptor)
        self.events.wait(("done", self._last), 1, PATIENCE)

    def give(self, number, text, descriptor=None):
        """Sends the command, and a copy of `descriptor` with it; `done` is an event."""
        raise NotImplementedError

    def filled(self, connection):
        """How many bytes `fill` has written to a connection."""
        events = [event for event in self.events.all()
                  if event["event"] == "filled" and event["connection"] == connection]
        return int(events[-1]["value"]) if events else 0

    def close(self):
        """Ends what is left of it."""


def unix_address(scenario, folder):
    """Where a UNIX unit is served, or the name of one that connects; a name outside the file system begins with a zero. Where the scenario wants it, a
    dead server's socket is left at the path."""
    path = os.path.join(folder, f"{scenario.name}.sock")
    if scenario.address == "stale":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if scenario.datagrams else socket.SOCK_STREAM) as dead:
            dead.bind(path)
    return f"\0{path}" if "abstract" in (scenario.address, scenario.local) else path


def play(scenario, side, flow=True):
    """{name of a side: its lines}. What went wrong with the play itself is under "runner"."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        kind = ChildPeers if scenario.kind == "subprocess" else DatagramPeers if scenario.datagrams else Peers
        peers = kind(scenario, folder)
        stuck = ""
        try:
            given = peers.prepare()
            peers.play(lambda: side.open(scenario, given, folder))
            peers.unit.command(f"turns {LAST_TURNS}")
        except Stuck as why:
            stuck = str(why)
        unit = peers.unit
        lines = trace.lines(scenario, peers, unit, flow)
        if stuck:
            lines.setdefault("runner", []).append(f"stuck: {stuck}")
        try:
            if unit is not None:
                unit.close()
        except Stuck as why:
            lines.setdefault("runner", []).append(f"left behind: {why}")
        peers.close()
    return lines
