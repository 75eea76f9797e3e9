# SPDX-License-Identifier: MIT
"""What can be counted, and so does not depend on the machine's other business."""
import contextlib
import glob
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile


class Count:
    """Counts something per unit of work, for each server by itself. Subclasses say how it is
    started (prefix) and counted (counting)."""

    tool = None

    def __init__(self, case, messages):
        self.case = case          # a Cpu, which knows how to start and load a server
        self.messages = messages

    def run(self, settings, names):
        if self.tool and shutil.which(self.tool) is None:
            raise SystemExit(f"compare: this case needs {self.tool}")
        return [{"server": name, **self._count(settings, name)} for name in names]

    def _count(self, settings, name):
        with tempfile.TemporaryDirectory() as folder:
            folder = settings.keep or folder
            os.makedirs(folder, exist_ok=True)
            stem = os.path.join(folder, f"{self.tool}.{name.partition('=')[0]}")
            with contextlib.ExitStack() as stack:
                server = self.case.start(stack, settings, name, self.prefix(settings, stem))
                counts = self.play(settings, server, stem)
            return self.per_message(counts)

    def play(self, settings, server, stem):
        messages = self.messages // 10 if settings.most else self.messages
        with self.case.connect(settings, server) as load:
            load.play(count=messages // 4)
            with self.counting(server, stem) as counts:
                counts["messages"] = load.play(count=messages)["count"]
        return counts

    def prefix(self, settings, stem):
        return []


class SystemCalls(Count):
    """Calls of the kernel, by strace. It slows the server down, so more connections are ready at
    each wait than without it: what is shared by a batch comes out smaller than it is."""

    title = "system calls, each per unit of work"
    tool = "strace"

    @contextlib.contextmanager
    def counting(self, server, stem):
        counts = {}
        pids = [word for pid in server.pids() for word in ("-p", str(pid))]
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", stem, *pids],
                                  stderr=subprocess.PIPE, text=True)
        line = tracer.stderr.readline()
        if "attached" not in line:
            raise SystemExit(f"compare: {line}")
        yield counts
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
        with open(stem) as table:
            for line in table:
                found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
                if found and found[2] != "total":
                    counts[found[2]] = int(found[1])

    def per_message(self, counts):
        messages = counts.pop("messages")
        calls = {call: count / messages for call, count in counts.items()}
        return {"total": sum(calls.values()), "calls": calls}

    @staticmethod
    def text(result):
        calls = sorted(result["calls"].items(), key=lambda item: -item[1])
        return f"{result['total']:9.3f}: " + ", ".join(f"{c} {n:.3f}" for c, n in calls if n >= 0.0005)


class Instructions(Count):
    """Instructions of user space, by callgrind."""

    title = "instructions in user space per unit of work"
    tool = "valgrind"

    def prefix(self, settings, stem):
        return ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                f"--callgrind-out-file={stem}.%p"]

    @contextlib.contextmanager
    def counting(self, server, stem):
        counts = {"stem": stem, "pid": server.process.pid}
        self._control(server, "-i", "on")
        yield counts
        self._control(server, "-i", "off")

    @staticmethod
    def _control(server, *words):
        subprocess.run(["callgrind_control", *words, str(server.process.pid)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def per_message(self, counts):
        total = 0
        for path in glob.glob(f"{counts['stem']}.{counts['pid']}*"):
            with open(path) as lines:
                total += self._counted(lines)
        return {"total": total / counts["messages"]}

    @staticmethod
    def _counted(lines):
        """In what callgrind has written."""
        return sum(int(line.split()[1]) for line in lines if line.startswith("totals:"))

    @staticmethod
    def text(result):
        return f"{result['total']:9.1f}"


class OwnInstructions(Instructions):
    """Those in the server's own files: without what libraries of others cost it. Beside a handshake
    nobody would see them."""

    title = "instructions in the server's own code per unit of work"

    @staticmethod
    def _counted(lines):
        """ob=(NUMBER) NAME says whose the costs are that follow, as "LINE COST"; cob= who is called.
        A cost behind calls= is what those calls cost, counted where they went."""
        names, own, total, of_calls = {}, False, 0, False
        for line in lines:
            found = re.match(r"(c?)ob=\((\d+)\)(?: (.*))?$", line)
            if found:
                called, number, path = found.groups()
                if path:
                    names[number] = os.path.basename(path)
                if not called:
                    own = not re.match(r"lib|ld-|\?|\[", names[number])
            elif line.startswith("calls="):
                of_calls = True
            elif re.match(r"[+*\-\d]", line):
                if own and not of_calls:
                    total += int(line.split()[1])
                of_calls = False
        return total


class Allocations(Count):
    """Calls of malloc and its like, and what they hold, by a library that is loaded before libc."""

    title = "allocations per unit of work"
    tool = "env"
    fields = ("calls", "bytes", "live")  # as count_malloc.c writes them

    def prefix(self, settings, stem):
        self._file = stem + ".counts"
        library = os.path.join(settings.build, "bench", "count_malloc.so")
        return ["env", f"LD_PRELOAD={library}", f"COUNT_MALLOC={self._file}"]

    @contextlib.contextmanager
    def counting(self, server, stem):
        before = self.read()
        counts = {}
        yield counts
        counts.update({key: value - before[key] for key, value in self.read().items()})

    def read(self):
        with open(self._file, "rb") as file:
            return dict(zip(self.fields, struct.unpack("3q", file.read(24))))

    def per_message(self, counts):
        messages = counts.pop("messages")
        return {"total": counts["calls"] / messages,
                **{key: value / messages for key, value in counts.items()}}

    @staticmethod
    def text(result):
        return f"{result['calls']:9.3f} calls  {result['bytes']:.1f} bytes  {result['live']:.1f} kept"


class Held(Allocations):
    """What a silent connection that has had its one message holds."""

    title = "heap of an idle connection"

    def play(self, settings, server, stem):
        descriptors = server.descriptors()
        with self.case.connect(settings, server) as load:
            load.play(count=self.messages)  # what the first connections leave behind for others
        server.wait_for_descriptors(descriptors)
        before = self.read()["live"]
        with self.case.connect(settings, server) as load:
            connections = load.play(count=self.messages)["count"]
            return {"connections": connections, "live": self.read()["live"] - before}

    def per_message(self, counts):
        return {"total": counts["live"] / counts["connections"]}

    @staticmethod
    def text(result):
        return f"{result['total']:9.1f} bytes"
