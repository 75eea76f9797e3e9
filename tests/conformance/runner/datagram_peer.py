# SPDX-License-Identifier: MIT
"""The other end of datagrams."""
import os
import socket

from . import addresses, data
from .events import Stuck
from .peer import PATIENCE, End, Peers

LARGEST = 1 << 18
NOWHERE = {socket.AF_INET: ("127.0.0.1", 0), socket.AF_INET6: ("::1", 0)}


class DatagramEnd(End):
    """A datagram socket, and what it saw. It outlives what fails."""

    def attempt(self, what, call):
        result = super().attempt(what, call)
        self.over = False
        return result

    def receive(self):
        """One datagram into the trace; None where there was an error instead."""
        got = self.attempt("error", lambda: self.socket.recvfrom(LARGEST))
        if got is None:
            return None
        self.seen.append(("datagram", got[0]))
        return got


class DatagramPeers(Peers):
    """Plays the steps of a scenario with datagrams. Its unit has one transport, whoever the peers are."""

    def __init__(self, scenario, folder):
        super().__init__(scenario, folder)
        self._pair = self._refusing = None

    def prepare(self):
        """A unit that connects finds its peer there if `listen` is the first step; else it is refused until
        there is that step."""
        if self.scenario.transport == "socketpair":
            self._pair, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            return other
        if self.scenario.kind != "connect":
            return None
        self.listening = self._named("peer")
        address = self.listening.getsockname()
        if self.scenario.steps[0].verb != "listen":
            self._turn_away(address)
        return address

    def close(self):
        super().close()
        for left in (self._pair, self._refusing):
            if left is not None:
                left.close()

    def _turn_away(self, address):
        """Connected to itself it keeps the port and takes nothing from anybody else: the kernel refuses."""
        self._refusing, self.listening = self.listening, None
        self._refusing.connect(address)
        self._refusing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # for who is to listen there

    def _named(self, by):
        made = self._socket()
        made.bind(NOWHERE.get(made.family) or os.path.join(self._folder, f"{by}.sock"))
        return made

    def _socket(self, receive_buffer=0):
        made = super()._socket(receive_buffer)
        made.settimeout(PATIENCE)
        return made

    def _add(self, by, sock):
        self.ends[by] = DatagramEnd(sock, 1)
        if name := addresses.text(sock.getsockname()):
            self.unit.command(f"address {by} {name}")

    # Steps, each named as in the file.

    def _open(self, step):
        super()._open(step)
        if self.unit.address:
            self.unit.command(f"address unit {addresses.text(self.unit.address)}")

    def _connect(self, step):
        if self._pair is not None:
            sock, self._pair = self._pair, None
        else:
            sock = self._socket() if "unnamed" in step.argument else self._named(step.by)
            sock.connect(self.unit.address)
        self._add(step.by, sock)

    def _listen(self, step):
        if self.listening is None:
            self.listening = self._socket()
            self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listening.bind(self._refusing.getsockname())

    def _accept(self, step):
        """The first datagram says where the unit is."""
        sock = self.listening
        end = DatagramEnd(sock, 1)
        got = end.receive()
        if got is None or not got[1]:
            raise Stuck("the unit sends nothing that could be answered")
        self.unit.address = got[1]
        sock.connect(got[1])
        self._add(step.by, sock)
        self.ends[step.by].seen = end.seen

    def _datagram(self, step):
        end = self._end(step)
        for piece in step.argument.pieces:
            end.attempt("send", lambda piece=piece: end.socket.send(piece))

    def _receive_datagrams(self, step):
        end, left = self._end(step), step.argument
        if left == "fill":
            received = b"".join(got for what, got in end.seen if what == "datagram")
            missing = self.unit.filled(1) - data.fill_size(received)
            while missing > 0 and (got := end.receive()):
                missing -= data.fill_size(got[0])
            return
        if left == "waiting":
            while end.readable():
                end.receive()
            return
        if isinstance(left, bytes):
            while (got := end.receive()) and got[0] != left:
                pass
            return
        for _ in range(left):
            if end.receive() is None:
                break
