# SPDX-License-Identifier: MIT
"""The other end: plain blocking sockets that follow the scenario's script."""
import errno
import os
import selectors
import socket
import struct

from . import addresses, data, pipe, secured
from .events import Stuck

PATIENCE = float(os.environ.get("PROTOHOST_CONFORMANCE_PATIENCE", "20"))
TWO_ADDRESSES = "two-addresses.test"  # a name of 127.0.0.2, where nobody listens, and of 127.0.0.1
FAMILIES = {"tcp": socket.AF_INET, "udp": socket.AF_INET, "udp6": socket.AF_INET6}
CLASSES = {errno.ECONNRESET: "reset", errno.EPIPE: "broken pipe", errno.ECONNREFUSED: "refused",
           errno.ETIMEDOUT: "timeout"}


def error_class(number):
    """What traces call an errno."""
    return CLASSES.get(number) or errno.errorcode.get(number, f"errno {number}")


class End:
    """One end of a connection, and what it saw."""

    def __init__(self, sock, connection):
        self.socket, self.connection, self.seen, self.over = sock, connection, [], False
        self.address = sock.getsockname()
        sock.settimeout(PATIENCE)

    def attempt(self, what, call):
        """`call()`, or None and its error's class in the trace."""
        try:
            return call()
        except TimeoutError:
            raise Stuck(f"{what} took more than {PATIENCE} s") from None
        except OSError as error:
            self.over = True
            self.seen.append((what, error_class(error.errno) if error.errno else error.strerror))
            return None

    def read(self, size):
        """Up to `size` bytes; b"" at the end or on an error, which the trace then shows."""
        if self.over or self.socket is None:
            return b""
        got = self.attempt("error", lambda: self.socket.recv(min(size, 1 << 20)))
        if got:
            self.seen.append(("received", got))
        elif got == b"":
            self.over = True
            self.seen.append(("end", ""))
        return got or b""

    def pending(self):
        """Whether TLS has received something already; it may not be all of a record."""
        return isinstance(self.socket, secured.Socket) and self.socket.pending()

    def readable(self):
        """Whether there is something to receive now."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            return bool(selector.select(0))

    def close(self):
        """Once."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Peers:
    """Plays the steps of one scenario against one side's unit."""

    def __init__(self, scenario, folder):
        self.scenario, self.ends, self.listening, self._folder = scenario, {}, None, folder
        self.unit, self._open_unit, self._theirs = None, None, None

    def prepare(self):
        """What must exist before the unit does, and is the unit's to know: where it will connect to, the path that it
        opens, or its end of a pair, a descriptor, which stays ours until release()."""
        scenario = self.scenario
        if scenario.transport in ("pipe", "socketpair"):
            return self._pair()
        if scenario.transport == "fifo":
            path = os.path.join(self._folder, "unit.fifo")
            os.mkfifo(path)
            return path
        if scenario.kind != "connect":
            return None
        if scenario.address == "missing":
            return os.path.join(self._folder, "nothing.sock")
        steps = [step for step in scenario.steps if step.verb == "listen"]
        self.listening = self._socket()
        self.listening.bind(("127.0.0.1", 0) if self._inet() else os.path.join(self._folder, "peer.sock"))
        if steps:
            self.listening.listen(steps[0].argument.get("backlog", 16))
            self.listening.settimeout(PATIENCE)
        address = self.listening.getsockname()
        return (TWO_ADDRESSES, address[1]) if scenario.address == "two" else address

    def _pair(self):
        if self.scenario.transport == "socketpair":
            mine, theirs = socket.socketpair()
            if self.scenario.buffers:
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.scenario.buffers)
            self._theirs = theirs.detach()
        else:
            reading, writing = pipe.pair(self.scenario.buffers)
            self._theirs, mine = (reading, writing) if self.scenario.kind == "read" else (writing, reading)
            mine = pipe.Pipe(mine)
        self._add("peer", mine)
        return self._theirs

    def release(self):
        """The unit has what prepare() gave: only its own copy counts."""
        if self._theirs is not None:
            os.close(self._theirs)
            self._theirs = None

    def play(self, open_unit):
        """All steps, in order. Stuck with the place of the step that did not end. `open_unit` makes the unit: before
        the first step, if no step says when."""
        self._open_unit = open_unit
        if all(step.verb != "open" for step in self.scenario.steps):
            self._open(None)
        for step in self.scenario.steps:
            try:
                for _ in range(step.times):
                    getattr(self, "_" + step.verb)(step)
            except Stuck as stuck:
                raise Stuck(f"{step.place}: {step.verb}: {stuck}") from None

    def close(self):
        """Everything that is still open."""
        for end in self.ends.values():
            end.close()
        if self.listening is not None:
            self.listening.close()
        self.release()

    def _inet(self):
        return self.scenario.transport == "tcp"

    def _socket(self, receive_buffer=0):
        kind = socket.SOCK_DGRAM if self.scenario.datagrams else socket.SOCK_STREAM
        made = socket.socket(FAMILIES.get(self.scenario.transport, socket.AF_UNIX), kind)
        if receive_buffer or self.scenario.buffers:  # before connecting: later it does not shrink
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer or self.scenario.buffers)
        return made

    def _add(self, by, sock):
        if sock.family == socket.AF_INET and sock.type == socket.SOCK_STREAM:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.scenario.over_tls:
            sock.settimeout(PATIENCE)
            sock = secured.Socket(sock, answers=self.scenario.over_tls.against == "tls",
                                  serves=self.scenario.kind == "connect")
        single = self.scenario.kind != "listener"
        self.ends[by] = End(sock, 1 if single and self.scenario.kind != "connect" else len(self.ends) + 1)

    def _end(self, step):
        if step.by not in self.ends:
            raise Stuck(f"peer {step.by} has no connection yet; connect or accept first")
        return self.ends[step.by]

    def _connection(self, step):
        return self.ends[step.by].connection if step.by in self.ends else 1

    # Steps, each named as in the file.

    def _open(self, _):
        self.unit = self._open_unit()
        self.release()

    def _connect(self, step):
        if self.scenario.transport == "pipe":  # one more holder of the same end
            return self._add(step.by, self.ends["peer"].socket.dup())
        if self.scenario.transport == "fifo":
            path = os.path.join(self._folder, "unit.fifo")
            return self._add(step.by, pipe.open_fifo(path, self.scenario.kind == "read", self.scenario.buffers))
        sock = self._socket(**step.argument)
        sock.settimeout(PATIENCE)
        sock.connect(self.unit.address)
        return self._add(step.by, sock)

    def _listen(self, step):
        """Done before the unit was opened."""

    def _accept(self, step):
        try:
            sock, name = self.listening.accept()
        except TimeoutError:
            raise Stuck("nobody connects") from None
        self._add(step.by, sock)
        if self.scenario.local:
            self.ends[step.by].seen.append(("accepted", addresses.text(name)))

    def _send(self, step):
        end = self._end(step)
        for piece in step.argument.pieces:
            if end.attempt("send", lambda piece=piece: end.socket.sendall(piece) or True) is None:
                break

    def _half_close(self, step):
        end = self._end(step)
        end.attempt("half_close", lambda: end.socket.shutdown(socket.SHUT_WR))

    def _reset(self, step):
        end = self._end(step)
        end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()

    def _close(self, step):
        self._end(step).close()

    def _receive(self, step):
        end, left = self._end(step), step.argument
        if left == "some":
            end.read(1 << 20)
            return
        if left == "end":
            while end.read(1 << 20):
                pass
            return
        if left == "fill":
            if self.unit.filled(end.connection) == 0:
                raise Stuck("nothing was filled yet; await the callback that does")
            received = b"".join(got for what, got in end.seen if what == "received")
            left = self.unit.filled(end.connection) - data.fill_size(received)
        while left > 0 and (got := end.read(left)):
            left -= len(got)

    def _drain(self, step):
        """To the end, whatever it is, without a trace: where what arrives depends on timing."""
        end = self._end(step)
        before = len(end.seen)
        while end.read(1 << 20):
            pass
        del end.seen[before:]

    def _exchange(self, step):
        """Sends and receives at the same time, so that neither end waits for the other for ever."""
        end, (sending, left) = self._end(step), step.argument
        waiting = memoryview(sending.whole)
        with selectors.DefaultSelector() as selector:
            selector.register(end.socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while (waiting or left > 0) and not end.over:
                if not waiting:
                    selector.modify(end.socket, selectors.EVENT_READ)
                ready = selector.select(PATIENCE)
                if not ready:
                    raise Stuck(f"{len(waiting)} bytes to send and {left} to receive are left")
                if ready[0][1] & selectors.EVENT_WRITE:
                    sent = end.attempt("send", lambda: end.socket.send(waiting[:65536], socket.MSG_DONTWAIT))
                    waiting = waiting[sent or 0:]
                if ready[0][1] & selectors.EVENT_READ and not end.over:
                    left -= len(end.read(1 << 20))
                    while end.pending() and left > 0 and not end.over:
                        left -= len(end.read(1 << 20))

    def _quiet(self, step):
        """Whether nothing can be received now."""
        end = self._end(step)
        end.seen.append(("quiet", "false" if end.readable() else "true"))

    def _await(self, step):
        event, count, value = step.argument
        key = (self._connection(step), event) + ((value,) if value is not None else ())
        self.unit.events.wait(key, count, PATIENCE)

    def _release(self, step):
        self.unit.command(f"gate {self._connection(step)} {step.argument}")

    def _turns(self, step):
        self.unit.command(f"turns {step.argument}")
