# SPDX-License-Identifier: MIT
"""The peer that is a program: the other end of a process's pipes. It is one for all three of them, and named after what it
is known by to the protocol: `by: stderr` writes to descriptor 2."""
import json
import os
import pathlib
import signal
import socket
import sys

from .events import Stuck
from .peer import PATIENCE, Peers

CHILD = pathlib.Path(__file__).with_name("child.py")
MESSAGE = 32768  # bytes that go through the line at once
DESCRIPTORS = {"stdin": 0, "stdout": 1, "stderr": 2}


class ChildEnd:
    """What the program saw."""
    connection, address, over = 1, "", False

    def __init__(self, line):
        self.line, self.seen = line, []

    def close(self):
        """The program sees that the runner has nothing more to say, and ends."""
        self.line.close()


class ChildPeers(Peers):
    """Plays the steps of one scenario about a process."""

    def prepare(self):
        """The command that is to be started."""
        self._path = os.path.join(self._folder, "child.sock")
        self._lines = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lines.bind(self._path)
        self._lines.listen(4)
        self._lines.settimeout(PATIENCE)
        self._holder = None
        program = self.scenario.program
        if program == "missing":
            return [os.path.join(self._folder, "missing")]
        if program == "forbidden":
            pathlib.Path(self._folder, "forbidden").write_text("")
            return [os.path.join(self._folder, "forbidden")]
        if program:
            return program.split(" ")
        return [sys.executable, "-E", "-S", str(CHILD), self._path]

    def close(self):
        if self._holder is not None:
            self._holder.close()
        self._lines.close()
        super().close()

    def _meet(self):
        try:
            line = self._lines.accept()[0]
        except TimeoutError:
            raise Stuck("the program does not say that it runs") from None
        line.settimeout(PATIENCE)
        return line

    def _ask(self, *command):
        """Its answer, or None where it is gone."""
        if "peer" not in self.ends:
            self.ends["peer"] = ChildEnd(self._meet())
        line = self.ends["peer"].line
        try:
            line.send(json.dumps(command).encode())
            answer = line.recv(1 << 22)
        except TimeoutError:
            raise Stuck(f"the program does not answer to {command[0]}") from None
        except OSError as error:
            raise Stuck(f"the program is gone: {error}") from None
        if not answer:
            raise Stuck(f"the program has ended at {command[0]}")
        return json.loads(answer)

    def _descriptor(self, step, otherwise):
        return DESCRIPTORS[otherwise if step.by == "peer" else step.by]

    # Steps, each named as in the file.

    def _send(self, step):
        for piece in step.argument.pieces:
            for at in range(0, len(piece), MESSAGE):
                self._ask("write", self._descriptor(step, "stdout"), piece[at:at + MESSAGE].hex())

    def _receive(self, step):
        left = sys.maxsize if step.argument == "end" else step.argument
        while left > 0:
            got = bytes.fromhex(self._ask("read", min(left, MESSAGE)))
            left -= len(got) or left
            self.ends["peer"].seen.append(("received", got) if got else ("end", ""))

    def _close(self, step):
        if step.by == "peer":
            raise Stuck("which of its descriptors? (by: stdin, stdout or stderr)")
        self._ask("close", self._descriptor(step, step.by))

    def _exit(self, step):
        self._ask("exit", step.argument)

    def _die(self, step):
        self._ask("die", signal.Signals[f"SIG{step.argument}"])

    def _ignore(self, step):
        self._ask("ignore", signal.Signals[f"SIG{step.argument}"])

    def _hold(self, _):
        self._ask("hold")
        self._holder = self._meet()

    def _let_go(self, _):
        self._holder.send(b".")

    def _facts(self, step):
        facts = self._ask("facts")
        self.ends["peer"].seen.append((step.argument, str(facts[step.argument])))

    def _connection(self, step):
        return 1
