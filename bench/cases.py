# SPDX-License-Identifier: MIT
"""What is measured. Each kind of case has run(), which returns one result per server."""
import contextlib
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile

import servers


class Settings:
    """What the command line chose."""

    def __init__(self, arguments):
        self.build = arguments.build
        self.servers = arguments.servers
        self.pairs = arguments.pairs
        self.seconds = arguments.seconds
        self.keep = arguments.keep
        nice = ["nice", "-n", str(arguments.nice)] if arguments.nice else []
        self.server_prefix = ["taskset", "-c", str(arguments.cores[0]), *nice]
        self.load_prefix = ["taskset", "-c", str(arguments.cores[1]), *nice]

    def start(self, name, prefix=()):
        return servers.start(name, self.build, [*self.server_prefix, *prefix])

    @contextlib.contextmanager
    def running(self, name, prefix=()):
        server = self.start(name, prefix)
        try:
            yield server
        finally:
            server.stop()


class Load:
    """A load that is held: warm, it waits for measure()."""

    def __init__(self, settings, server, *options):
        self._process = subprocess.Popen(
            [*settings.load_prefix, os.path.join(settings.build, "bin", "bench_load"),
             "--port", str(server.port), *map(str, options), "--hold"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._process.stdout.readline() != "ready\n":
            raise SystemExit(f"compare: the load on {server.name} does not get warm")

    def measure(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Shape:
    """What the clients do."""

    def __init__(self, connections, size, depth=1):
        self.connections = connections
        self.size = size
        self.depth = depth

    def options(self):
        return ["--connections", self.connections, "--size", self.size, "--depth", self.depth]


class Cpu:
    """CPU time of the server for a message. All servers run; one at a time is loaded, in turns,
    and every other round backwards, so that what drifts on the machine meets all of them alike."""

    title = "CPU time, microseconds per message"

    def __init__(self, shape):
        self.shape = shape

    def run(self, settings):
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(settings.running(name)) for name in settings.servers]
            rounds = []
            for server in running:
                self._measure(settings, server, min(settings.seconds, 0.3))
            for number in range(settings.pairs):
                turn = running if number % 2 == 0 else running[::-1]
                results = {s.name: self._measure(settings, s, settings.seconds) for s in turn}
                rounds.append([results[s.name] for s in running])
        return [self._summary(settings.servers[i], [r[i] for r in rounds], [r[0] for r in rounds])
                for i in range(len(running))]

    def _measure(self, settings, server, seconds):
        watched = [word for pid in server.pids() for word in ("--watch", str(pid))]
        command = [*settings.load_prefix, os.path.join(settings.build, "bin", "bench_load"),
                   "--port", server.port, *self.shape.options(), "--seconds", seconds, *watched]
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"compare: the load on {server.name} failed")
        result = json.loads(done.stdout)
        result["us"] = result["server_cpu_seconds"] / result["messages"] * 1e6
        return result

    @staticmethod
    def _summary(name, own, base):
        ratios = sorted(o["us"] / b["us"] for o, b in zip(own, base))
        median = lambda key: statistics.median(o[key] for o in own)
        return {
            "server": name,
            "us": median("us"),
            "us_range": [min(o["us"] for o in own), max(o["us"] for o in own)],
            "ratio": statistics.median(ratios),
            "ratio_quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
            "ratio_range": [ratios[0], ratios[-1]],
            "p50_us": median("p50_us"),
            "p99_us": median("p99_us"),
            "busy": statistics.median(o["server_cpu_seconds"] / o["seconds"] for o in own),
            "rounds": own,
        }

    @staticmethod
    def row(result):
        low, high = result["ratio_quartiles"]
        least, most = result["ratio_range"]
        return (f"{result['us']:9.2f} us  ratio {result['ratio']:.3f}"
                f"  half within {low:.3f}-{high:.3f}, all {least:.3f}-{most:.3f}"
                f"  p50 {result['p50_us']:.0f} p99 {result['p99_us']:.0f} us"
                f"  busy {result['busy']:.0%}")


class Memory:
    """Growth of the server's resident memory for a silent connection that has echoed once."""

    title = "resident memory, bytes per idle connection"

    def __init__(self, connections):
        self.connections = connections

    def run(self, settings):
        results = []
        for name in settings.servers:
            with settings.running(name) as server:
                # What the first connections cost once is not what the next ones cost each.
                with Load(settings, server, "--connections", 10, "--warmup", 0.1) as load:
                    load.measure()
                before = server.resident_bytes()
                with Load(settings, server, "--connections", self.connections, "--warmup", 0):
                    after = server.resident_bytes()
            results.append({"server": name, "before": before, "after": after,
                            "bytes": (after - before) / self.connections})
        return results

    @staticmethod
    def row(result):
        return (f"{result['bytes']:9.1f} bytes"
                f"  ({result['before'] / 2**20:.1f} -> {result['after'] / 2**20:.1f} MiB)")


class SystemCalls:
    """Calls for a message, counted by strace. It slows the server down, so more connections are
    ready at each wait than without it: what is shared by a batch comes out smaller than it is."""

    title = "system calls per message (strace)"

    def __init__(self, shape, messages):
        self.shape = shape
        self.messages = messages

    def run(self, settings):
        if shutil.which("strace") is None:
            raise SystemExit("compare: this case needs strace")
        return [self._count(settings, name) for name in settings.servers]

    def _count(self, settings, name):
        options = [*self.shape.options(), "--messages", self.messages]
        with settings.running(name) as server, Load(settings, server, *options) as load:
            table = os.path.join(server.folder, "strace")
            pids = [word for pid in server.pids() for word in ("-p", str(pid))]
            tracer = subprocess.Popen(["strace", "-f", "-c", "-o", table, *pids],
                                      stderr=subprocess.PIPE, text=True)
            line = tracer.stderr.readline()
            if "attached" not in line:
                raise SystemExit(f"compare: {line}")
            measured = load.measure()
            tracer.terminate()
            tracer.communicate()
            calls = {}
            with open(table) as lines:
                for line in lines:
                    found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
                    if found and found[2] != "total":
                        calls[found[2]] = int(found[1])
        per_message = {call: count / measured["messages"] for call, count in calls.items()}
        return {"server": name, "messages": measured["messages"], "calls": per_message}

    @staticmethod
    def row(result):
        calls = sorted(result["calls"].items(), key=lambda item: -item[1])
        total = sum(result["calls"].values())
        return f"{total:9.3f} in all: " + ", ".join(f"{c} {n:.3f}" for c, n in calls if n >= 0.0005)


class Instructions:
    """Instructions of user space for a message, counted by callgrind: the one figure that no
    neighbour on the machine can change. The server is slow under it, so batches are full."""

    title = "user-space instructions per message (callgrind)"

    def __init__(self, shape, messages):
        self.shape = shape
        self.messages = messages

    def run(self, settings):
        if shutil.which("valgrind") is None:
            raise SystemExit("compare: this case needs valgrind")
        return [self._count(settings, name) for name in settings.servers]

    def _count(self, settings, name):
        folder = settings.keep or tempfile.mkdtemp(prefix="protohost-bench-")
        os.makedirs(folder, exist_ok=True)
        stem = os.path.join(folder, "callgrind." + name.partition("=")[0])
        for old in glob.glob(stem + ".*"):
            os.remove(old)
        tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={stem}.%p"]
        options = [*self.shape.options(), "--messages", self.messages]
        with settings.running(name, tool) as server:
            with Load(settings, server, *options) as load:
                self._control(server, "-i", "on")
                measured = load.measure()
                self._control(server, "-i", "off")
            pid = server.process.pid
        total = 0
        for path in glob.glob(f"{stem}.{pid}*"):
            with open(path) as lines:
                total += sum(int(l.split()[1]) for l in lines if l.startswith("totals:"))
        if not settings.keep:
            shutil.rmtree(folder)
        return {"server": name, "messages": measured["messages"],
                "instructions": total / measured["messages"]}

    @staticmethod
    def _control(server, *words):
        subprocess.run(["callgrind_control", *words, str(server.process.pid)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def row(result):
        return f"{result['instructions']:9.1f} instructions"


CASES = {
    "echo-1x64": Cpu(Shape(1, 64)),
    "echo-1x128": Cpu(Shape(1, 128)),
    "echo-50x64": Cpu(Shape(50, 64)),
    "echo-50x128": Cpu(Shape(50, 128)),
    "echo-1000x64": Cpu(Shape(1000, 64)),
    "echo-1000x128": Cpu(Shape(1000, 128)),
    "echo-4x64k": Cpu(Shape(4, 65536)),
    "echo-50x128-deep16": Cpu(Shape(50, 128, 16)),
    "calls-1x128": SystemCalls(Shape(1, 128), 5000),
    "calls-50x128": SystemCalls(Shape(50, 128), 20000),
    "calls-4x64k": SystemCalls(Shape(4, 65536), 4000),
    "instructions-1x128": Instructions(Shape(1, 128), 5000),
    "instructions-50x128": Instructions(Shape(50, 128), 20000),
    "memory-10000": Memory(10000),
}
