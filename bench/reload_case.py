# SPDX-License-Identifier: MIT
"""What every case of bench/reload does: a server under a load, and rows of what it found."""
import contextlib
import dataclasses
import statistics
import time

from reloaded import Protohostd
from visitors import Visitors, answered, harm


@dataclasses.dataclass
class Size:
    reloads: int = 1000
    each: float = 0.1          # seconds from one reload to the next
    peer_reloads: int = 40
    peer_each: float = 0.5
    settle: int = 50           # the first reloads, which growth does not count
    swaps: int = 200
    renewed: int = 100         # connections that come anew with each swap
    alternations: int = 1000
    hangs: bool = True
    timed: int = 50
    listeners: int = 50
    many: int = 1000
    seconds: float = 10        # of the load alone
    rate: int = 500
    idle: int = 500
    echoing: int = 500


QUICK = Size(reloads=30, peer_reloads=3, peer_each=0.3, settle=10, swaps=12, renewed=20, alternations=0,
             hangs=False, timed=5, many=200, seconds=1.5, rate=200, idle=100, echoing=100)


@dataclasses.dataclass
class Row:
    case: str
    server: str
    what: str
    value: object
    bound: object = None   # at most so much; None: it is only told
    unit: str = ""
    exact: bool = True     # a count, which no busy machine excuses
    note: str = ""

    @property
    def good(self):
        return self.bound is None or self.value <= self.bound


class Case:
    """One server under the load. `rows` are what came of it."""

    def __init__(self, name, settings, size):
        self.name, self.settings, self.size = name, settings, size
        self.rows = []

    def row(self, server, what, value, bound=None, unit="", exact=True, note=""):
        self.rows.append(Row(self.name, server.title, what, value, bound, unit, exact, note))

    @contextlib.contextmanager
    def under_load(self, kind=Protohostd, listeners=None):
        server = kind(self.settings, listeners or self.size.listeners)
        try:
            if kind is not Protohostd:
                server.wait_for(server.identity(server.places[-1]), server.places[-1])
            with Visitors(self.settings, server.for_visitors(), self.size.rate, self.size.idle,
                          self.size.echoing) as visitors:
                yield server, visitors
        finally:
            server.stop()

    def paced(self, count, each, step):
        """`step(number)` so often, one every `each` seconds as far as it keeps up; seconds of all."""
        begin = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begin + number * each - time.monotonic()))
            step(number)
        return time.monotonic() - begin

    def rows_of_harm(self, server, *reports, bound=0):
        total = harm(*reports)
        self.row(server, "visits answered", sum(map(answered, reports)))
        self.row(server, "refused", total["refused"], bound)
        self.row(server, "reset", total["reset"], bound)
        self.row(server, "ended early", total["ended"], bound,
                 note="" if bound is None else f"of {self.size.idle + self.size.echoing} established too")
        self.row(server, "wrong answers", total["wrong"], bound,
                 note=next((report["wrong"] for report in reports if report["wrong"]), ""))
        self.row(server, "no answer", total["silent"] + total["failed"], bound)

    def rows_of_stalls(self, server, alone, during, bound=None, where=""):
        """Against the same load without reloads: p99 of the newcomers, worst of the echoes."""
        added = during["connect"]["p99_ms"] - alone["connect"]["p99_ms"]
        self.row(server, f"p99 of connect to answer, added{where}", round(added, 2), 5 if bound else None, "ms", False,
                 f"{alone['connect']['p99_ms']:.2f} alone, {during['connect']['p99_ms']:.2f} with reloads")
        stall = max(during["echo"]["worst_ms"], during["connect"]["worst_ms"])
        calm = max(alone["echo"]["worst_ms"], alone["connect"]["worst_ms"])
        self.row(server, f"longest wait for an answer{where}", round(stall, 2), 10 if bound else None, "ms", False,
                 f"{calm:.2f} alone; the load itself was late by {alone['late']['worst_ms']:.2f} alone, "
                 f"{during['late']['worst_ms']:.2f} with reloads")

    def rows_of_growth(self, server, before, after, stays=""):
        """`stays`: what is meant to stay in memory; descriptors and threads never are."""
        grown = {key: after[key] - before[key] for key in before}
        self.row(server, "resident memory, grown", grown["rss_kib"], None if stays else 1024, "KiB", False,
                 stays or f"from {before['rss_kib']}")
        self.row(server, "descriptors, grown", grown["descriptors"], 0)
        self.row(server, "threads, grown", grown["threads"], 0)
        self.row(server, "mappings, grown", grown["maps"], None if stays else 0, exact=False, note=stays)

    def row_of_times(self, server, what, seconds, bound=None):
        """The bound is for the median; the worst is told."""
        self.row(server, what, round(statistics.median(seconds) * 1000, 1), bound, "ms", False,
                 f"median of {len(seconds)}; {min(seconds) * 1000:.1f} to {max(seconds) * 1000:.1f}")
