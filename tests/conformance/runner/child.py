# SPDX-License-Identifier: MIT
"""child.py SOCKET: the program that the protocol under test has started. It does what comes through the runner's socket,
one command after the other, and answers each."""
import json
import os
import signal
import socket
import stat
import sys


def meet():
    """A line to the runner."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(sys.argv[1])
    return line


def hold(line):
    """A process that has the same descriptors, until the runner has something to say to it."""
    if os.fork() == 0:
        line.close()
        meet().recv(1)
        os._exit(0)


def read(size):
    """Up to so many bytes of standard input; none at the end."""
    return os.read(0, size).hex()


def write(fd, data):
    """All of it."""
    data = memoryview(bytes.fromhex(data))
    while data:
        data = data[os.write(fd, data):]


def facts():
    """What it finds."""
    return {"pipes": all(stat.S_ISFIFO(os.fstat(fd).st_mode) for fd in range(3)), "terminal": os.isatty(1),
            "folder": os.getcwd(), "leads": os.getsid(0) == os.getpid(),
            "environment": " ".join(f"{name}={value}" for name, value in sorted(os.environ.items()) if name != "LC_CTYPE"),
            "descriptors": len(os.listdir("/proc/self/fd")) - 2}  # without the line and the folder that is read


def main():
    """Until the runner has no more to say."""
    line = meet()
    obey = {"write": write, "read": read, "close": os.close,
            "ignore": lambda number: signal.signal(number, signal.SIG_IGN) and None,
            "hold": lambda: hold(line), "facts": facts}
    while message := line.recv(1 << 20):
        command, *arguments = json.loads(message)
        if command in ("exit", "die"):
            line.send(b"null")
            os._exit(*arguments) if command == "exit" else os.kill(os.getpid(), *arguments)
        else:
            line.send(json.dumps(obey[command](*arguments)).encode())


if __name__ == "__main__":
    main()
