# SPDX-License-Identifier: MIT
"""The peer's end of a pipe, with the face of a socket."""
import fcntl
import os
import select

CAPACITY = getattr(fcntl, "F_SETPIPE_SZ", 1031)


class Pipe:
    """One end, and as many of a socket's functions as peers use."""
    family = type = None

    def __init__(self, descriptor):
        self._descriptor, self._patience = descriptor, None
        os.set_blocking(descriptor, False)

    def fileno(self):
        """-1 once it is closed."""
        return self._descriptor

    def getsockname(self):
        """Pipes have no names."""
        return ""

    def settimeout(self, seconds):
        """For each wait."""
        self._patience = seconds

    def recv(self, size):
        """Up to so many bytes; none at the end."""
        self._wait(select.POLLIN)
        return os.read(self._descriptor, size)

    def send(self, piece, _flags=0):
        """How much of it the pipe took."""
        return os.write(self._descriptor, piece)

    def sendall(self, piece):
        """All of it."""
        left = memoryview(piece)
        while left:
            self._wait(select.POLLOUT)
            left = left[self.send(left):]

    def dup(self):
        """Another holder of the same end."""
        return Pipe(os.dup(self._descriptor))

    def close(self):
        """Once."""
        os.close(self._descriptor)
        self._descriptor = -1

    def _wait(self, event):
        ready = select.poll()
        ready.register(self._descriptor, event)
        if not ready.poll(self._patience * 1000):
            raise TimeoutError


def pair(capacity):
    """(reading end, writing end), as descriptors. `capacity`: bytes, of which the kernel makes whole pages; 0: its own
    idea."""
    ends = os.pipe()
    if capacity:
        fcntl.fcntl(ends[0], CAPACITY, capacity)
    return ends


def open_fifo(path, writing, capacity):
    """The peer's end; that somebody has the other one is checked when writing."""
    descriptor = os.open(path, (os.O_WRONLY if writing else os.O_RDONLY) | os.O_NONBLOCK)
    if capacity:
        fcntl.fcntl(descriptor, CAPACITY, capacity)
    return Pipe(descriptor)
