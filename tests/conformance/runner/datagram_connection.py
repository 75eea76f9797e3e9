# SPDX-License-Identifier: MIT
"""What an interpreter of scenarios does with asyncio's datagram transports."""
import asyncio

from . import addresses
from .interpreter import BLOCK, ApplicationError, Common, Connection, reason


class DatagramConnection(Connection):
    """One endpoint and what its protocols are to do."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.peers, self._sender = {}, None  # names of the scenario -> addresses; of the last datagram

    def make_protocol(self, name="main"):
        made = Datagrams()
        made.connection, made.role, made.name = self, self.scenario.roles[name], name
        return made

    def datagram_received(self, protocol, data, sender):
        """One of them."""
        self._sender = sender
        self.received(protocol, "datagram_received", data, {"from": addresses.text(sender) or "nobody"})

    def _whom(self, name):
        if name in ("", "sender"):
            return self._sender if name else None
        return self.peers.get(name) or addresses.parse(name)

    def _sendto(self, action):
        for piece in action.data.pieces:
            self._event("sendto", self._send(piece, self._whom(action.name)))

    def _send(self, piece, whom):
        """What the daemon would answer: asyncio returns nothing."""
        # pylint: disable=protected-access
        dropped = self.transport._conn_lost and self.transport._address
        try:
            self.transport.sendto(piece, whom)
        except ValueError:
            return "invalid_address"
        except (ApplicationError, AttributeError) as error:
            return f"raised {type(error).__name__}"
        return "closed" if dropped else "accepted"

    def _echo(self, _):
        self.transport.sendto(bytes(self._data), self._sender)

    def _write_fill(self, size):
        self._filled += BLOCK  # a datagram is whole, whatever is still wanted
        self.transport.sendto(bytes(BLOCK), self._sender)

    def _pump(self, action):
        while not self._paused and not self.transport.is_closing() and self._pumped < len(action.data.pieces):
            piece = action.data.pieces[self._pumped]
            self._pumped += 1
            self.transport.sendto(piece, self._sender)


class Datagrams(Common, asyncio.DatagramProtocol):
    """A datagram protocol."""

    def datagram_received(self, data, addr):
        self.connection.datagram_received(self, data, addr)

    def error_received(self, exc):
        self.connection.called(self, "error_received", reason(exc))
