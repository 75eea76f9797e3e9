# SPDX-License-Identifier: MIT
"""What scenarios about processes need besides: asyncio's subprocess protocol, and the actions of its transport."""
import asyncio
import contextlib

from .interpreter import Common, Connection, reason


class ProcessConnection(Connection):
    """One process. What happens to one of its descriptors, and what is done there, is told with its number."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._fd = None

    def make_protocol(self, name="main"):
        made = Process()
        made.connection, made.role, made.name = self, self.scenario.roles[name], name
        return made

    def made(self, protocol, transport):
        """connection_made."""
        self.transport = transport
        limits = {key: self.scenario.unit.get("write_buffer", {}).get(key) for key in ("high", "low")}
        if any(value is not None for value in limits.values()):
            transport.get_pipe_transport(0).set_write_buffer_limits(**limits)
        self.called(protocol, "connection_made")

    @contextlib.contextmanager
    def on_descriptor(self, fd):
        """What happens meanwhile, happens there."""
        before, self._fd = self._fd, fd
        try:
            yield
        finally:
            self._fd = before

    def _record(self, protocol, callback, **more):
        super()._record(protocol, callback, **self._place(), **more)

    def _event(self, name, value=""):
        self.events.add({"connection": self.number, "event": name, "value": value, **self._place()})

    def _place(self):
        return {} if self._fd is None else {"fd": self._fd}

    # Actions.

    def _pipe(self, action):
        before = self.transport
        self.transport = before.get_pipe_transport(action.low)
        try:
            self.run(action.then)
        finally:
            self.transport = before

    def _send_signal(self, action):
        self.transport.send_signal(action.low)

    def _terminate(self, _):
        self.transport.terminate()

    def _kill(self, _):
        self.transport.kill()

    def _get_pid(self, action):
        self._event(action.verb, "a number" if self.transport.get_pid() > 0 else "none")

    def _get_returncode(self, action):
        self._event(action.verb, str(self.transport.get_returncode()).lower())

    def _get_pipe_transport(self, action):
        found = self.transport.get_pipe_transport(action.low)
        self._event(action.verb, f"{action.low} {'none' if found is None else 'there'}")

    def _get_extra_info(self, action):
        if action.name != "subprocess":
            return super()._get_extra_info(action)
        return self._event(action.verb, "subprocess open" if self.transport.get_extra_info("subprocess") else action.otherwise)


class Process(Common, asyncio.SubprocessProtocol):
    """The callbacks."""

    def pipe_data_received(self, fd, data):
        with self.connection.on_descriptor(fd):
            self.connection.received(self, "pipe_data_received", bytes(data))

    def pipe_connection_lost(self, fd, exc):
        with self.connection.on_descriptor(fd):
            self.connection.called(self, "pipe_connection_lost", reason(exc))

    def process_exited(self):
        self.connection.called(self, "process_exited")

    def pause_writing(self):
        with self.connection.on_descriptor(0):
            super().pause_writing()

    def resume_writing(self):
        with self.connection.on_descriptor(0):
            super().resume_writing()
