# SPDX-License-Identifier: MIT
"""asyncio's side: opens a scenario's unit with the loop's own functions."""
import asyncio
import logging
import os
import shlex
import socket
import subprocess
import threading

from . import addresses, secured
from .datagram_connection import DatagramConnection
from .events import Events, Stuck
from .interpreter import Connection, reason
from .peer import PATIENCE, TWO_ADDRESSES
from .play import Unit, unix_address
from .process_connection import ProcessConnection

STREAMS = {"pipe": subprocess.PIPE, "devnull": subprocess.DEVNULL, "inherit": None, "stdout": subprocess.STDOUT}


class Oracle:
    """One event loop in a thread of its own, for one scenario after the other."""
    name = "asyncio"

    def __init__(self):
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it warns of what scenarios do on purpose
        self.loop = asyncio.new_event_loop()
        watcher = asyncio.PidfdChildWatcher()  # as from 3.12 on
        watcher.attach_loop(self.loop)
        asyncio.set_child_watcher(watcher)
        self.loop.set_exception_handler(lambda loop, context: None)  # raising is what scenarios do
        self._resolve, self.loop.getaddrinfo = self.loop.getaddrinfo, self._getaddrinfo
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, scenario, given, folder):
        """The unit of `scenario`; `given`: what Peers.prepare() has for it."""
        unit = OracleUnit(self, scenario)
        if scenario.over_tls and scenario.kind == "connect":  # which the peer has a part in, when it accepts
            asyncio.run_coroutine_threadsafe(unit.open(given, folder), self.loop)
        else:
            self.wait(unit.open(given, folder))
        return unit

    async def _getaddrinfo(self, host, port, **hints):
        hosts = ("127.0.0.2", "127.0.0.1") if host == TWO_ADDRESSES else (host,)
        return [address for one in hosts for address in await self._resolve(one, port, **hints)]

    def wait(self, coroutine):
        """Runs it on the loop."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)
        except TimeoutError:
            raise Stuck("asyncio does not answer") from None

    def forget_closed(self):
        """3.11 begins to watch a pipe that connection_made has closed, and fails the next owner of its number."""
        # pylint: disable=protected-access
        for key in list(self.loop._selector.get_map().values()):
            if key.fd != self.loop._ssock.fileno():
                self.loop._selector.unregister(key.fileobj)

    def close(self):
        """Stops the loop. What is wrong at the end, or nothing."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        return ""


class OracleUnit(Unit):
    """What one scenario has open in asyncio."""

    def __init__(self, oracle, scenario):
        super().__init__(Events())
        self._oracle, self._scenario = oracle, scenario
        self._connections, self._server, self._files = [], None, []

    def _make(self):
        kind = (DatagramConnection if self._scenario.datagrams else
                ProcessConnection if self._scenario.kind == "subprocess" else Connection)
        connection = kind(self._scenario, self.events, self._oracle.loop, len(self._connections) + 1)
        self._connections.append(connection)
        return connection.make_protocol()

    async def open(self, given, folder):
        """As the scenario's kind and transport say."""
        scenario, loop = self._scenario, self._oracle.loop
        if scenario.datagrams:
            await self._datagrams(loop, given, folder)
        elif scenario.kind == "listener":
            await self._listen(loop, folder)
        elif scenario.kind == "connect":
            await self._opening(self._connect(loop, given, folder))
        elif scenario.kind == "subprocess":
            await self._opening(self._start(loop, given))
        else:
            await self._opening(self._pipe(loop, given))

    async def _listen(self, loop, folder):
        context = secured.server_context() if self._scenario.over_tls else None
        if self._scenario.transport == "tcp":
            self._server = await loop.create_server(self._make, "127.0.0.1", 0, ssl=context)
            self.address = self._server.sockets[0].getsockname()
        else:
            self.address = unix_address(self._scenario, folder)
            self._server = await loop.create_unix_server(self._make, self.address, ssl=context)

    async def _opening(self, opening):
        """What becomes of it is told where a plugin would be."""
        try:
            await opening
            name, value = "opened", ""
        except OSError as error:
            name, value = "open failed", reason(error)
        if self._scenario.by_plugin and (self._scenario.kind != "subprocess" or name != "opened"):
            self.events.add({"connection": max(len(self._connections), 1), "event": name, "value": value})

    async def _connect(self, loop, given, folder):
        secure = {"ssl": secured.client_context(), "server_hostname": secured.NAME} if self._scenario.over_tls else {}
        if self._scenario.transport == "tcp":
            await loop.create_connection(self._make, *given, **secure)
        elif self._scenario.local:  # for which it has no argument but a socket that is connected
            self.address = unix_address(self._scenario, folder)
            mine = socket.socket(socket.AF_UNIX)
            mine.bind(self.address)
            mine.connect(given)
            await loop.create_unix_connection(self._make, sock=mine, **secure)
        elif self._scenario.transport == "unix":
            await loop.create_unix_connection(self._make, given, **secure)
        else:
            await loop.create_connection(self._make, sock=socket.socket(fileno=os.dup(given)))

    async def _start(self, loop, command):
        options = {"env": {}, **self._scenario.process}
        for stream in ("stdin", "stdout", "stderr"):
            if stream in options:
                options[stream] = STREAMS[options[stream]]
        if self._scenario.transport == "shell":
            await loop.subprocess_shell(self._make, shlex.join(command), **options)
        else:
            await loop.subprocess_exec(self._make, *command, **options)

    async def _datagrams(self, loop, peer, folder):
        """Bound, connected to `peer`, or over the socket that `peer` is."""
        scenario, ends = self._scenario, {}
        if scenario.transport == "socketpair":
            ends["sock"] = peer
            peer.setblocking(False)
        elif scenario.transport == "unixgram":  # with a name also where it connects, to be answered
            ends |= {"family": socket.AF_UNIX, "local_addr": unix_address(scenario, folder)}
        elif scenario.kind == "bind":
            ends["local_addr"] = ("::1" if scenario.transport == "udp6" else "127.0.0.1", 0)
        if scenario.kind == "connect":
            ends["remote_addr"] = peer
        transport, _ = await loop.create_datagram_endpoint(self._make, **ends)
        if scenario.kind == "bind":
            self.address = transport.get_extra_info("sockname")

    async def _pipe(self, loop, given):
        reads = self._scenario.kind == "read"
        if isinstance(given, str):
            mine = os.open(given, (os.O_RDONLY if reads else os.O_WRONLY) | os.O_NONBLOCK)
        else:
            mine = os.dup(given)
        connect = loop.connect_read_pipe if reads else loop.connect_write_pipe
        await connect(self._make, os.fdopen(mine, "rb" if reads else "wb", 0))

    def give(self, number, text, descriptor=None):
        self._oracle.loop.call_soon_threadsafe(self._obey, number, text.split())

    def _obey(self, number, words):
        turns = 0
        if words[0] == "gate":
            if int(words[1]) <= len(self._connections):
                connection = self._connections[int(words[1]) - 1]
                self._oracle.loop.call_soon(connection.release_gate, words[2])
        elif words[0] == "turns":
            turns = int(words[1])
        elif words[0] == "address":
            for connection in self._connections:
                connection.peers[words[1]] = addresses.parse(words[2])
        self._go_round(number, turns)

    def _go_round(self, number, turns):
        def round_():
            if turns > 0:
                self._go_round(number, turns - 1)
            else:
                self.events.add({"done": number})
        self._oracle.loop.call_soon(round_)

    def close(self):
        self._oracle.wait(self._close())

    async def _close(self):
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            if connection.transport is not None and not connection.lost:
                end = getattr(connection.transport, "abort", connection.transport.close)
                end()
        process = self._scenario.kind == "subprocess"
        for _ in range(2000 if process else 100):  # the ends of transports take a few iterations, those of processes a while
            if all(connection.lost or connection.transport is None for connection in self._connections):
                return self._oracle.forget_closed()
            await asyncio.sleep(0.005 if process else 0)
        raise Stuck("asyncio did not lose every connection")
