# SPDX-License-Identifier: MIT
"""Does in asyncio what the trace plugin does in the daemon: the same actions, the same events."""
import asyncio
import contextlib
import errno
import os
import socket

from . import addresses

BLOCK = 1024        # of fill
FILL_MOST = 1 << 20  # that a kernel with small buffers can take; the plugin has the same
PUMP_BLOCK = 16384  # of pump


class ApplicationError(Exception):
    """What the action `raise` raises."""


class Connection:
    """One transport and what its protocols are to do."""

    def __init__(self, scenario, events, loop, number):
        self.scenario, self.events, self.loop, self.number = scenario, events, loop, number
        self.transport, self.lost = None, False
        self._scheduled, self._data = {}, b""
        self._received = self._largest = self._filled = self._pumped = 0
        self._paused = self._answer = False

    def make_protocol(self, name="main"):
        """A protocol that follows the role `name`."""
        role = self.scenario.roles[name]
        made = (Stream if role.buffer is None else Buffered)()
        made.connection, made.role, made.name = self, role, name
        return made

    # What the protocols are told.

    def made(self, protocol, transport):
        """connection_made."""
        self.transport = transport
        limits = {key: self.scenario.unit.get("write_buffer", {}).get(key) for key in ("high", "low")}
        if any(value is not None for value in limits.values()):
            transport.set_write_buffer_limits(**limits)
        if self.scenario.buffers:
            self._send_buffer(self.scenario.buffers)
        self.called(protocol, "connection_made")

    def called(self, protocol, callback, value=""):
        """Any callback without data."""
        todo = protocol.role.on.get(callback, ())
        with self._acting(todo):
            self._record(protocol, callback, value=value)
            if callback in ("pause_writing", "resume_writing"):
                self._paused = callback == "pause_writing"
            self.run(todo)

    def received(self, protocol, callback, data, more=()):
        """Bytes."""
        before, self._data = self._received, data
        self._received += len(data)
        self._largest = max(self._largest, len(data))
        todo = list(protocol.role.on.get(callback, ()))
        for count in sorted(protocol.role.received):
            if before < count <= self._received:
                todo += protocol.role.received[count]
        with self._acting(todo):
            self._record(protocol, callback, data=data, **dict(more))
            self.run(todo)
        self._data = b""

    def eof_received(self, protocol):
        """Returns what the scenario wants."""
        self._answer = False
        self.called(protocol, "eof_received")
        return self._answer

    def connection_lost(self, protocol, exc):
        """The last callback."""
        self.lost = True
        self.called(protocol, "connection_lost", reason(exc))

    def release_gate(self, name):
        """The peer's script lets these actions happen."""
        todo = self.scenario.gates[name]
        with self._acting(todo):
            self._event("gate", name)
            self.run(todo)

    # What they do.

    @contextlib.contextmanager
    def _acting(self, todo):
        """Until it is over the runner waits for nothing else."""
        if todo:
            self._event("(")
        try:
            yield
        finally:
            if todo:
                self._event(")")

    def run(self, todo):
        """Actions, in order."""
        for action in todo:
            self._perform(action)

    def _perform(self, action):
        if action.verb == "raise":
            raise OSError(errno.EIO, "the scenario says so") if action.name == "os_error" else ApplicationError()
        try:
            getattr(self, "_" + action.verb)(action)
        except (ValueError, RuntimeError, OSError) as error:
            self._event(action.verb, f"raised {type(error).__name__}")

    def _record(self, protocol, callback, **more):
        name = callback if protocol.name == "main" else f"{protocol.name}.{callback}"
        self.events.add({"connection": self.number, "event": name, **more})

    def _event(self, name, value=""):
        self.events.add({"connection": self.number, "event": name, "value": value})

    def _status(self, action, write, size):
        """asyncio returns nothing: whether bytes are dropped is known from what was before."""
        transport = self.transport
        dropped = (getattr(transport, "_conn_lost", 0) or isinstance(transport, PIPES) and transport.is_closing() or
                   tls_has_ended(transport))
        write()
        self._event(action.verb, "closed" if dropped and size else "accepted")

    def _write(self, action):
        for piece in action.data.pieces:
            self._status(action, lambda piece=piece: self.transport.write(piece), len(piece))

    _write_owned = _write

    def _writelines(self, action):
        pieces = action.data.pieces
        self._status(action, lambda: self.transport.writelines(pieces), sum(map(len, pieces)))

    def _echo(self, _):
        self.transport.write(bytes(self._data))

    def _fill(self, action):
        transport, wanted, most = self.transport, action.high or 0, self._filled + FILL_MOST
        while not transport.is_closing() and transport.get_write_buffer_size() == 0:
            if self._filled >= most:
                self._event("endless", action.verb)
                break
            self._write_fill(BLOCK)
        else:
            while not transport.is_closing() and (size := transport.get_write_buffer_size()) < wanted:
                self._write_fill(min(BLOCK, wanted - size))
        self._event("filled", str(self._filled))

    def _write_fill(self, size):
        self._filled += size
        self.transport.write(bytes(size))

    def _pump(self, action):
        whole = action.data.whole
        while not self._paused and not self.transport.is_closing() and self._pumped < len(whole):
            piece = whole[self._pumped:self._pumped + PUMP_BLOCK]
            self._pumped += len(piece)
            self.transport.write(piece)

    def _close(self, _):
        self.transport.close()

    def _abort(self, _):
        self.transport.abort()

    def _write_eof(self, _):
        self.transport.write_eof()

    def _pause_reading(self, _):
        self.transport.pause_reading()

    def _resume_reading(self, _):
        self.transport.resume_reading()

    def _set_write_buffer_limits(self, action):
        self.transport.set_write_buffer_limits(high=action.high, low=action.low)

    def _set_protocol(self, action):
        self.transport.set_protocol(self.make_protocol(action.name))

    def _send_buffer(self, action):
        size = action if isinstance(action, int) else action.high
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)

    def _return(self, _):
        self._answer = True

    def _later(self, action):
        def call():
            with self._acting(action.then):
                if action.name:
                    self._event("called", action.name)
                self.run(action.then)
        return call

    def _call_soon(self, action):
        self._scheduled[action.name] = self.loop.call_soon(self._later(action))

    def _call_later(self, action):
        self._scheduled[action.name] = self.loop.call_later(action.after / 1e6, self._later(action))

    def _cancel(self, action):
        self._scheduled[action.name].cancel()

    def _sendfile(self, action):
        file = os.fdopen(os.memfd_create("file"), "w+b", 0)
        file.write(action.data.whole)
        file.seek(0)
        sending = self.loop.create_task(self.loop.sendfile(self.transport, file))
        self._scheduled["sendfile"] = sending  # the loop itself does not keep it alive

        def sent(_):
            with file:
                why = sending.exception()
                how = f"{sending.result()} bytes" if why is None else reason(why)
                self._event("sendfile", f"{how}, position {file.tell()}")
        sending.add_done_callback(sent)

    # Queries.

    def _is_closing(self, action):
        self._event(action.verb, truth(self.transport.is_closing()))

    def _is_reading(self, action):
        self._event(action.verb, truth(self.transport.is_reading()))

    def _can_write_eof(self, action):
        self._event(action.verb, truth(self.transport.can_write_eof()))

    def _get_write_buffer_size(self, action):
        self._event(action.verb, measured(action, self.transport.get_write_buffer_size()))

    def _largest_data(self, action):
        self._event(action.verb, measured(action, self._largest))

    def _get_write_buffer_limits(self, action):
        self._event(action.verb, "{}, {}".format(*self.transport.get_write_buffer_limits()))

    def _get_extra_info(self, action):
        found = self.transport.get_extra_info(action.name)
        if found is None:
            shown = action.otherwise
        elif action.name in ("socket", "pipe"):
            shown = "open" if found.fileno() >= 0 else "closed"
        else:
            shown = addresses.text(found)
        self._event(action.verb, f"{action.name} {shown}".rstrip())

    def _get_protocol(self, action):
        self._event(action.verb, getattr(self.transport.get_protocol(), "name", "none"))

    def _mark(self, action):
        self._event("mark", action.name)


PIPES = (asyncio.unix_events._UnixWritePipeTransport,)  # pylint: disable=protected-access


def tls_has_ended(transport):
    """Whether asyncio's TLS drops what is written."""
    layer = getattr(transport, "_ssl_protocol", None)
    return layer is not None and layer._state.name in ("FLUSHING", "SHUTDOWN", "UNWRAPPED")  # pylint: disable=protected-access


class Common:
    """The callbacks that all kinds of protocol have."""
    connection = role = name = None

    def connection_made(self, transport):
        self.connection.made(self, transport)

    def connection_lost(self, exc):
        self.connection.connection_lost(self, exc)

    def pause_writing(self):
        self.connection.called(self, "pause_writing")

    def resume_writing(self):
        self.connection.called(self, "resume_writing")


class Stream(Common, asyncio.Protocol):
    """A streaming protocol."""

    def data_received(self, data):
        self.connection.received(self, "data_received", bytes(data))

    def eof_received(self):
        return self.connection.eof_received(self)


class Buffered(Common, asyncio.BufferedProtocol):
    """A streaming protocol with a buffer of its own."""
    _buffer = b""

    def get_buffer(self, sizehint):
        self.connection.called(self, "get_buffer", str(sizehint))
        self._buffer = bytearray(self.role.buffer)
        return self._buffer

    def buffer_updated(self, nbytes):
        self.connection.received(self, "buffer_updated", bytes(self._buffer[:nbytes]))

    def eof_received(self):
        return self.connection.eof_received(self)


def truth(value):
    """As the plugin writes it."""
    return "true" if value else "false"


def measured(action, size):
    """The number itself, or how it compares where the scenario cannot know it."""
    if action.low is not None:
        return f"over {action.low}: {truth(size > action.low)}"
    if action.high is not None:
        return f"at most {action.high}: {truth(size <= action.high)}"
    return str(size)


def reason(exc):
    """connection_lost's argument as the plugin writes it."""
    if exc is None:
        return "none"
    if isinstance(exc, OSError):
        # Some have no number, but a class that says it.
        return f"errno {exc.errno or {BrokenPipeError: errno.EPIPE, ConnectionResetError: errno.ECONNRESET}[type(exc)]}"
    return "application error"
