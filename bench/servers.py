# SPDX-License-Identifier: MIT
"""A server that is measured: how it is started, and what it costs."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time


def free_ports(count, kind=socket.SOCK_STREAM):
    """Ports that nobody has now, for servers that cannot choose one themselves."""
    sockets = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def children_of(pid):
    """The processes that `pid` has started, and theirs."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            continue  # gone
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


class Server:
    """A running server. Subclasses say how to start it; `self.port` is where it serves.

    `service` is what it does: echo, pieces, greet, datagrams, forward. `options` are the case's:
    target (of forward), idle (seconds of an idle timeout), listeners (how many), told (their ports),
    tls (a file with certificate and key)."""

    services = ()
    program = None    # what must be in PATH

    def __init__(self, name, service, build, prefix=(), **options):
        self.name = name
        self.service = service
        self.build = build
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="protohost-bench-")
        self.output = os.path.join(self.folder, "output")
        self.process = None
        self.ports = None
        try:
            command = [*prefix, *self.command()]
            with open(self.output, "w") as output:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                                stderr=subprocess.STDOUT)
            if self.ports:
                self._wait_until_it_accepts()
            else:
                self.ports = self._wait_for_ports()
        except BaseException:
            self.stop()
            raise

    @classmethod
    def missing(cls, build):
        """What is not installed, or not built; None where nothing is missing."""
        return cls.program if cls.program and shutil.which(cls.program) is None else None

    def command(self):
        """The command line. Sets self.ports where the server is told them."""
        raise NotImplementedError

    def ports_in(self, printed):
        """The ports that it says it serves on, once it has said so."""
        found = re.search(r"^(\d+)$", printed, re.MULTILINE)
        return [int(found[1])] if found else None

    @property
    def port(self):
        return self.ports[0]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def printed(self):
        with open(self.output) as output:
            return output.read()

    def pids(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def cpu_seconds(self):
        """User and system time of all its processes."""
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.pids())

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def wait_for_descriptors(self, count):
        """Until it has closed what its clients have closed."""
        deadline = time.monotonic() + 60
        while self.descriptors() > count:
            self._check_alive(deadline)
            time.sleep(0.005)

    def memory_bytes(self, field):
        """VmRSS: all that is resident; RssAnon: without what is mapped from files."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as status:
                total += 1024 * int(re.search(rf"{field}:\s+(\d+) kB", status.read())[1])
        return total

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.ports[-1]), 30).close()
            except ConnectionRefusedError:
                self._check_alive(deadline)
                time.sleep(0.001)

    def _wait_for_ports(self):
        deadline = time.monotonic() + 60
        while True:
            ports = self.ports_in(self.printed())
            if ports:
                return ports
            self._check_alive(deadline)
            time.sleep(0.01)

    def _check_alive(self, deadline):
        if self.process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"compare: {self.name} is not there:\n{self.printed()}")
