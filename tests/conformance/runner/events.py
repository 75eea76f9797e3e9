# SPDX-License-Identifier: MIT
"""What the protocol's side tells the runner, as it happens."""
import collections
import threading
import time


class Stuck(Exception):
    """Something that a scenario waits for did not come."""


class Events:
    """Events of one unit, in order. Written by the side's thread, read by the runner's.

    An event is a dictionary: `connection`, `event`, and `value` (text) or `data` (bytes). Or it is the
    end of a command: `done`."""

    def __init__(self):
        self._changed = threading.Condition()
        self._events = []
        self._counts = collections.Counter()
        self._over = ""

    def add(self, event):
        """Something happened."""
        with self._changed:
            self._events.append(event)
            for key in keys(event):
                self._counts[key] += len(event["data"]) if key[-1] == "bytes" else 1
            self._changed.notify_all()

    def end(self, why):
        """Nothing more will happen: whoever waits is told."""
        with self._changed:
            self._over = why
            self._changed.notify_all()

    def wait(self, key, count, patience):
        """Until what `key` names was counted so often, and the callbacks of that connection have done what
        they do; Stuck otherwise."""
        deadline = time.monotonic() + patience
        acts, acted = (key[0], "("), (key[0], ")")
        with self._changed:
            while self._counts[key] < count or self._counts[acts] > self._counts[acted]:
                if self._over:
                    raise Stuck(self._over)
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Stuck(f"nothing in {patience} s; {self._counts[key]} of {count} came")

    def count(self, key):
        """How often it was counted so far."""
        with self._changed:
            return self._counts[key]

    def all(self):
        """What happened so far, and belongs into a trace."""
        with self._changed:
            return [event for event in self._events if event.get("event", "(") not in "()"]


def keys(event):
    """What an event counts for: its name, without the role of the protocol; its value; its bytes."""
    if "done" in event:
        return [("done", event["done"])]
    connection, name = event["connection"], event["event"]
    found = []
    if name != "...":  # the rest of what a callback brought
        name = name.rpartition(".")[2]
        found = [(connection, name), (connection, name, event.get("value"))]
        if "fd" in event:
            found.append((connection, name, f"fd {event['fd']}"))
    return found + [(connection, "bytes")] if "data" in event else found
