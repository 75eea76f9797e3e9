#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""load.py PORT [THREADS]: new connections, one after the other in each thread, until standard input ends. Each sends a line and
waits for it. Then prints how each of them ended, and the longest wait, as JSON."""
import collections
import json
import socket
import sys
import threading
import time


class Load:
    """A crowd of clients that never stay."""

    def __init__(self, port, threads):
        self.port = port
        self.counts = collections.Counter()
        self.longest = 0.0
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def one(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
                client.sendall(b"hello\n")
                return "served" if client.recv(100) == b"hello\n" else "cut"
        except ConnectionRefusedError:
            return "refused"
        except ConnectionResetError:
            return "cut"
        except OSError as error:
            return type(error).__name__

    def run(self):
        while not self.stop.is_set():
            began = time.monotonic()
            how = self.one()
            took = time.monotonic() - began
            with self.lock:
                self.counts[how] += 1
                self.longest = max(self.longest, took)

    def until(self, stream):
        for thread in self.threads:
            thread.start()
        stream.read()
        self.stop.set()
        for thread in self.threads:
            thread.join()
        return {**self.counts, "longest": round(self.longest, 3)}


if __name__ == "__main__":
    load = Load(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    print(json.dumps(load.until(sys.stdin)))
