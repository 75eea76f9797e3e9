# SPDX-License-Identifier: MIT
"""The servers that are compared: how each is started, and where it listens.

A new peer is one more subclass of Server and one more line in KINDS."""
import os
import re
import shutil
import subprocess
import tempfile
import time


class Server:
    """A running server. `ready` finds the port in what it prints."""

    ready = None

    def __init__(self, name, build, prefix=()):
        self.name = name
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="protohost-bench-")
        self.output = os.path.join(self.folder, "output")
        self.process = None
        try:
            with open(self.output, "w") as output:
                self.process = subprocess.Popen([*prefix, *self.command()], stdin=subprocess.DEVNULL,
                                                stdout=output, stderr=output)
            self.port = self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def command(self):
        raise NotImplementedError

    def pids(self):
        """All processes whose CPU time and memory count."""
        return [self.process.pid]

    def binary(self, name):
        path = os.path.join(self.build, "bin", name)
        if not os.access(path, os.X_OK):
            raise SystemExit(f"compare: {path} is missing; build it, or name another --build")
        return path

    def printed(self):
        with open(self.output) as output:
            return output.read()

    def resident_bytes(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as status:
                total += 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])
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

    def _wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.ready.search(self.printed())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit(f"compare: {self.name} does not start:\n{self.printed()}")


class RawEpoll(Server):
    ready = re.compile(r"^(\d+)$", re.MULTILINE)

    def command(self):
        return [self.binary("raw_epoll_echo")]


class Protohostd(Server):
    ready = re.compile(r"listening on tcp://127\.0\.0\.1:(\d+)")

    def command(self):
        configuration = os.path.join(self.folder, "protohost.yaml")
        with open(configuration, "w") as file:
            file.write(f"state: {{directory: {self.folder}/state}}\n"
                       f"control: {{socket: {self.folder}/control.sock}}\n"
                       "listeners:\n"
                       "  echo: {listen: 'tcp://127.0.0.1:0', protocol: echo}\n")
        return [self.binary("protohostd"), "--config", configuration]


KINDS = {"raw": RawEpoll, "protohostd": Protohostd}


def start(text, build, prefix=()):
    """`text` is KIND or KIND=BUILD_FOLDER, so that two builds of one kind can be compared."""
    kind, _, own_build = text.partition("=")
    if kind not in KINDS:
        raise SystemExit(f'compare: no server "{kind}"; there are: {", ".join(KINDS)}')
    return KINDS[kind](text, own_build or build, prefix)
