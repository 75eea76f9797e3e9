# SPDX-License-Identifier: MIT
"""Kinds of measurement. Each has run(settings, names), which returns a result for every server, and
text(result), one line of it. The first server is the subject: ratios are its cost to another's."""
import contextlib
import json
import os
import socket
import statistics
import subprocess
import time

import certificates
import peers


class Settings:
    """What the command line chose."""

    def __init__(self, build, pairs=1, seconds=1.0, cores=None, nice=0, most=None, keep=None):
        self.build = os.path.abspath(build)
        self.pairs = pairs
        self.seconds = seconds
        self.most = most  # connections, for a quick run
        self.keep = keep
        cores = cores or (sorted(os.sched_getaffinity(0)) * 2)[:2]
        os.sched_setaffinity(0, {cores[1]})  # nothing but the server runs on its core
        lower = ["nice", "-n", str(nice)] if nice else []
        self.server_prefix = ["taskset", "-c", str(cores[0]), *lower]
        self.load_prefix = ["taskset", "-c", str(cores[1]), *lower]

    def connections(self, count):
        return min(count, self.most) if self.most else count

    @contextlib.contextmanager
    def running(self, name, service, prefix=(), **options):
        server = peers.start(name, service, self.build, [*self.server_prefix, *prefix], **options)
        try:
            yield server
        finally:
            server.stop()

    @contextlib.contextmanager
    def behind(self, service):
        """What a forwarding server forwards to; it runs where the load runs."""
        server = peers.start("raw", service, self.build, self.load_prefix)
        try:
            yield server
        finally:
            server.stop()


class Load:
    """A program of load/: connected, it plays a phase whenever it is told to."""

    def __init__(self, settings, server, program, **options):
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        self._process = subprocess.Popen(
            [*settings.load_prefix, os.path.join(settings.build, "bin", f"bench_{program}"),
             "--port", str(server.port), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._name = server.name
        self._expect("ready\n")

    def play(self, seconds=0, count=0, watch=()):
        """A phase that ends after so many seconds, or so many messages. Watches the CPU time of
        some processes meanwhile."""
        self._process.stdin.write(" ".join(map(str, (seconds, count, *watch))) + "\n")
        self._process.stdin.flush()
        return json.loads(self._expect())

    def _expect(self, line=None):
        got = self._process.stdout.readline()
        if not got or line and got != line:
            raise SystemExit(f"compare: the load on {self._name} failed")
        return got

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def spread(values):
    """Median, the range of the middle half, and that of all."""
    values = sorted(values)
    quarter = len(values) // 4
    return {"median": statistics.median(values), "half": [values[quarter], values[-1 - quarter]],
            "all": [values[0], values[-1]]}


def in_turns(settings, runs, measure):
    """A round measures every run once, every other round backwards, so that what drifts on the
    machine meets all of them alike. Returns each run's measurements."""
    rounds = []
    for number in range(settings.pairs):
        turn = runs if number % 2 == 0 else runs[::-1]
        measured = {id(run): measure(run) for run in turn}
        rounds.append([measured[id(run)] for run in runs])
    return list(zip(*rounds))


def compared(names, measured, key):
    """The results of all servers: medians, and the ratio of the subject's `key` to theirs."""
    results = []
    for name, own in zip(names, measured):
        result = {field: statistics.median(each[field] for each in own) for field in own[0]}
        if results:
            result["ratio"] = spread(mine[key] / its[key] for mine, its in zip(measured[0], own))
        results.append({"server": name, **result, "rounds": list(own)})
    return results


def ratio_text(result):
    """The median, the middle half, and all; blank for the subject."""
    if "ratio" not in result:
        return " " * 37
    half, all_of_them = result["ratio"]["half"], result["ratio"]["all"]
    return (f"{result['ratio']['median']:6.3f}  ({half[0]:.3f}-{half[1]:.3f})"
            f"  {all_of_them[0]:.3f}-{all_of_them[1]:.3f}")


RATIO = ", ratio of the first to each (middle half) all"


class Cpu:
    """CPU time of the server for a unit of work. All servers run, each with its load connected; one
    at a time works."""

    def __init__(self, service, load, unit="message", behind=None, tls=None, **options):
        self.title = f"server's CPU time, microseconds per {unit}{RATIO}"
        self.unit = unit
        self.service = service
        self.load = load
        self.behind = behind
        self.tls = tls  # the kind of certificate
        self.options = options

    def run(self, settings, names):
        with contextlib.ExitStack() as stack:
            runs = []
            for name in names:
                server = self.start(stack, settings, name)
                load = stack.enter_context(self.connect(settings, server))
                # Not before that is malloc's pool filled, the code compiled, the buffer grown.
                load.play(seconds=settings.seconds)
                runs.append((server, load))
            measured = in_turns(settings, runs, lambda run: self.measure(settings, *run))
        return compared(names, measured, "us")

    def start(self, stack, settings, name, prefix=()):
        options = {}
        if self.behind:
            options["target"] = stack.enter_context(settings.behind(self.behind)).port
        if self.tls:
            options["tls"] = certificates.file_of(self.tls)
        return stack.enter_context(settings.running(name, self.service, prefix, **options))

    def connect(self, settings, server):
        options = dict(self.options)
        if "connections" in options:
            options["connections"] = settings.connections(options["connections"])
        return Load(settings, server, self.load, **options)

    def measure(self, settings, server, load):
        played = load.play(seconds=settings.seconds, watch=server.pids())
        cpu = played["server_cpu_seconds"]
        return {"us": cpu / played["count"] * 1e6, "rate": played["count"] / played["seconds"],
                "p50_us": played["p50_us"], "p99_us": played["p99_us"],
                "lost": played["lost"] / (played["count"] + played["lost"]),
                "busy": cpu / played["seconds"], "resident": server.memory_bytes("VmRSS")}

    def text(self, result):
        lost = f"  lost {result['lost']:.2%}" if result["lost"] else ""
        latency = (f"  p50 {result['p50_us']:.0f} p99 {result['p99_us']:.0f} us"
                   if result["p50_us"] else "")
        return (f"{result['us']:9.3f} us  {ratio_text(result)}  {result['rate']:8.0f}/s{latency}"
                f"  busy {result['busy']:.0%}  {result['resident'] / 2**20:.1f} MiB{lost}")


class Idle:
    """What silent connections hold, in memory that is no file's, and what they cost while they are
    silent. Each has had one message echoed."""

    title = "idle connections: bytes each, bytes for each further one, CPU time of silence"

    def __init__(self, levels, behind=None, load="echo", tls=None, **options):
        self.levels = levels
        self.behind = behind
        self.load = load
        self.tls = tls  # the kind of certificate
        self.options = options  # of the load

    def run(self, settings, names):
        return [self._measure(settings, name) for name in names]

    def _measure(self, settings, name):
        with contextlib.ExitStack() as stack:
            program, _, variant = name.partition("+")
            proxy = self.behind and (variant == "forward" or program in ("nginx", "haproxy", "stunnel"))
            options = {"target": stack.enter_context(settings.behind("echo")).port} if proxy else {}
            if self.tls:
                options["tls"] = certificates.file_of(self.tls)
            server = stack.enter_context(
                settings.running(name, "forward" if proxy else "echo", **options))
            # What the first connections cost once is not what the next ones cost each.
            with Load(settings, server, self.load, connections=50, **self.options) as load:
                load.play(count=1000)
            first = last = server.memory_bytes("RssAnon")
            count, levels = 0, []
            for level in self._levels(settings, proxy):
                load = stack.enter_context(
                    Load(settings, server, self.load, connections=level - count, **self.options))
                load.play(count=level - count)
                now = server.memory_bytes("RssAnon")
                levels.append({"connections": level, "bytes": (now - first) / level,
                               "further": (now - last) / (level - count)})
                count, last = level, now
            before = server.cpu_seconds()
            time.sleep(5 * settings.seconds)
            silence = (server.cpu_seconds() - before) / (5 * settings.seconds)
        return {"server": name, "levels": levels, "silence_us": silence * 1e6,
                "descriptors": 2 if proxy else 1}

    def _levels(self, settings, proxy):
        # A process has 20,000 descriptors here, and a proxy needs two for each connection.
        most = 9000 if proxy else 15000
        levels = [min(level, most) for level in self.levels]
        return [settings.most * (i + 1) for i in range(3)] if settings.most else levels

    @staticmethod
    def text(result):
        levels = "  ".join(f"{each['connections']}: {each['bytes']:.0f} ({each['further']:.0f})"
                           for each in result["levels"])
        both = "  both sides" if result["descriptors"] == 2 else ""
        return f"{levels}  silence {result['silence_us']:.0f} us/s{both}"


class Start:
    """From the start of the process to the first byte that a client has from it."""

    title = "start-up to the first byte for a client, milliseconds" + RATIO

    def __init__(self, listeners):
        self.listeners = listeners

    def run(self, settings, names):
        with settings.behind("greet") as target:
            measured = in_turns(settings, names,
                                lambda name: self._measure(settings, name, target.port))
        return compared(names, measured, "ms")

    def _measure(self, settings, name, target):
        listeners = settings.connections(self.listeners)
        service = "forward" if name == "haproxy" else "greet"
        begin = time.monotonic()
        options = {"listeners": listeners, "told": True,
                   **({"target": target} if service == "forward" else {})}
        with settings.running(name, service, **options) as server:
            with socket.create_connection(("127.0.0.1", server.ports[-1]), 30) as client:
                if client.recv(1) != b"m":
                    raise SystemExit(f"compare: {name} does not greet")
            ms = (time.monotonic() - begin) * 1e3
            return {"ms": ms, "cpu_ms": server.cpu_seconds() * 1e3,
                    "resident": server.memory_bytes("VmRSS")}

    @staticmethod
    def text(result):
        return (f"{result['ms']:9.1f} ms  {ratio_text(result)}"
                f"  CPU {result['cpu_ms']:.1f} ms  {result['resident'] / 2**20:.1f} MiB")
