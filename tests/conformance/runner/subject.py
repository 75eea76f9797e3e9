# SPDX-License-Identifier: MIT
"""The daemon's side: protohostd from the build tree, with one unit of the trace plugin per scenario."""
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from . import addresses, secured
from .events import Events, Stuck
from .peer import PATIENCE
from .play import Unit, unix_address

SCHEMES = {"tcp": "tcp", "unix": "unix", "udp": "udp", "udp6": "udp", "unixgram": "unixgram"}
LISTENING = re.compile(r"(?:listener|endpoint) (\S+): (?:listening|bound|receiving)[^:]* (\w+)://(\S+)")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


class Subject:
    """Daemons for scenarios: one for all that are opened by the peer, one for each of the others."""
    name = "protohostd"

    def __init__(self, build, scenarios, inject=False):
        self._build, self._inject = build, inject
        self._shared = [scenario for scenario in scenarios if not scenario.exclusive]
        self._daemon, self._starts = None, True

    def open(self, scenario, given, folder):
        """The unit of `scenario`; `given`: what Peers.prepare() has for it."""
        if scenario.exclusive:
            daemon = Daemon(self._build, [scenario], given, self._inject)
            return SubjectUnit(daemon, scenario, owned=True)
        if self._daemon is None or not self._daemon.serves:
            self._stop()  # it may have died of the scenario before
            self._daemon = self._start()
        unit = SubjectUnit(self._daemon, scenario, owned=False)
        if scenario.by_plugin:
            unit.open(scenario, given)
        return unit

    def _start(self):
        if not self._starts:
            raise Stuck("the daemon does not start, as was said before")
        self._starts = False
        daemon = Daemon(self._build, self._shared, None, self._inject)
        self._starts = True
        return daemon

    def _stop(self):
        daemon, self._daemon = self._daemon, None
        return daemon.stop() if daemon is not None else ""

    def close(self):
        """Stops the daemon. What is wrong with its end, or nothing."""
        return self._stop()


class SubjectUnit(Unit):
    """What one scenario has open in the daemon."""

    def __init__(self, daemon, scenario, owned):
        line = daemon.lines[scenario.name]
        super().__init__(line.events, daemon.address(scenario))
        self._daemon, self._line, self._owned, self._process = daemon, line, owned, scenario.kind == "subprocess"

    def open(self, scenario, given):
        """Through the loop's services."""
        if scenario.kind == "subprocess":
            self.command(" ".join(["open", scenario.transport, *process_words(scenario), "--", *given]))
        elif isinstance(given, int):
            self.command(f"open {'socket' if scenario.kind == 'connect' else scenario.kind}", given)
        else:
            self.command(f"open {scenario.transport} " + (given if isinstance(given, str) else "{} {}".format(*given)))

    def give(self, number, text, descriptor=None):
        self._line.send(f"{number} {text}", descriptor)

    def close(self):
        if self._owned:
            problem = self._daemon.stop()
            if problem:
                raise Stuck(problem)
            return
        self.command("abort")
        if self.events.count((1, "connection_made")) and self._process:
            self.events.wait((1, "connection_lost"), 1, PATIENCE)
        self.command("turns 2")  # connection_lost, and whatever it schedules


class Line:
    """The control socket of one unit, and what came through it since the daemon started."""

    def __init__(self, connection):
        self._connection, self.events = connection, Events()

    def send(self, text, descriptor=None):
        """One command, and a copy of `descriptor`."""
        try:
            socket.send_fds(self._connection, [text.encode()], [] if descriptor is None else [descriptor])
        except OSError as error:
            raise Stuck(f"the daemon is gone: {error}") from None

    def receive(self):
        """One message, or None at the end."""
        message = self._connection.recv(1 << 17)
        if not message:
            return None
        event = json.loads(message)
        if "data" in event:
            event["data"] = bytes.fromhex(event["data"])
        return event


class Daemon:
    """One process, its configuration, its log, and the lines to its units."""

    def __init__(self, build, scenarios, given, inject):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="conformance-daemon-"))
        self._log, self._given, self.lines = [], given, {}
        self._paths = {}  # of UNIX units
        self._serving = threading.Event()
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.bind(str(self._folder / "control.sock"))
        self._control.listen(len(scenarios) + 8)
        self._control.settimeout(PATIENCE)
        self._configure(build, scenarios)
        preloaded = ["inject"] if inject else []
        if any(scenario.address == "two" for scenario in scenarios):
            preloaded.append("names")
        inherited = [given.fileno()] if isinstance(given, socket.socket) else [given] if isinstance(given, int) else []
        self._process = subprocess.Popen(
            [build / "bin/protohostd", "--config", self._folder / "protohost.yaml"], env=_environment(build, preloaded),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            pass_fds=inherited)
        if isinstance(given, socket.socket):
            given.close()  # it is the daemon's now
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if not self._serving.wait(PATIENCE) or self._process.poll() is not None:
            raise Stuck("the daemon does not serve:\n" + self.stop())
        self._meet(scenarios)

    @property
    def serves(self):
        """False once the process has ended."""
        return self._process.poll() is None

    def address(self, scenario):
        """Where the peer finds the unit, or None where it is the unit that connects and has no name."""
        if scenario.kind not in ("listener", "bind") and not scenario.local:
            return None
        if scenario.transport == "socketpair":
            return ""
        if scenario.name in self._paths:
            return self._paths[scenario.name]
        for line in self._log:
            match = LISTENING.search(line)
            if match and match[1] == scenario.name:
                return addresses.parse(match[3])
        raise Stuck(f"the daemon does not say where {scenario.name} listens:\n" + "\n".join(self._log[-20:]))

    def stop(self):
        """SIGTERM, and what is wrong with what follows."""
        if self.serves:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = f"{self._process.wait()}: it did not stop"
        self._reader.join()
        for line in self.lines.values():
            line.events.end("the daemon has ended")
        shutil.rmtree(self._folder, ignore_errors=True)
        if code == 0 and not any(SANITIZER.search(line) for line in self._log):
            return ""
        return f"protohostd ended with {code}:\n" + "\n".join(self._log[-60:])

    def _configure(self, build, scenarios):
        self._write("protohost.yaml", {
            "plugins": {"directories": [str(build / "tests/conformance/plugins")]},
            "log": {"format": "json", "level": "info"},
            "control": {"socket": str(self._folder / "operator.sock")},  # the default is this machine's own daemon's
            "state": {"directory": str(self._folder / "state")}})
        (self._folder / "conf.d").mkdir()
        for scenario in scenarios:
            section, unit = self._unit(scenario)
            options = {"control": str(self._folder / "control.sock"), "scenario": scenario.name,
                       "buffers": scenario.buffers,
                       "script": {name: role.options() for name, role in scenario.roles.items()}}
            protocol = "trace/datagrams" if scenario.datagrams else "trace"
            unit = {"protocol": protocol, **unit, **scenario.unit, "options": options}
            self._write(f"conf.d/{scenario.name}.yaml", {section: {scenario.name: unit}})

    def _unit(self, scenario):
        """(section, the keys that say what it is)."""
        if scenario.kind == "listener":
            return "listeners", {"listen": self._own(scenario)} | (_tls() if scenario.over_tls else {})
        if scenario.kind == "bind":
            return "endpoints", {"bind": self._own(scenario)}
        if scenario.by_plugin:  # a unit for its plugin to have
            return "listeners", {"listen": f"unix://{self._folder / scenario.name}.idle"}
        if scenario.kind == "connect":
            unit = {"connect": addresses.uri(SCHEMES[scenario.transport], self._given), "reconnect": "never"}
            if scenario.over_tls:
                unit["tls"] = {"ca": secured.identity()[0], "server_name": secured.NAME}
            if scenario.local or scenario.transport == "unixgram":  # which without a name could not be answered
                unit["socket"] = {"local": self._own(scenario)}
            return "endpoints", unit
        if isinstance(self._given, int):  # which cannot be opened again
            return "endpoints", {scenario.kind: f"fd:{self._given}"}
        return "endpoints", {scenario.kind: self._given, "reconnect": "never"}

    def _own(self, scenario):
        """The address that the unit is to have."""
        if scenario.transport == "socketpair":
            return f"fd:{self._given.fileno()}"
        scheme = SCHEMES[scenario.transport]
        if "unix" not in scheme:
            return f"{scheme}://[::1]:0" if scenario.transport == "udp6" else f"{scheme}://127.0.0.1:0"
        self._paths[scenario.name] = unix_address(scenario, self._folder)
        return addresses.uri(scheme, self._paths[scenario.name])

    def _write(self, name, content):
        # JSON is YAML. The daemon trusts no file that others may write to, and needs no more.
        (self._folder / name).write_text(json.dumps(content))

    def _read_log(self):
        for line in self._process.stderr:
            try:
                line = json.loads(line)["message"]
            except (ValueError, KeyError, TypeError):
                pass
            self._log.append(line.rstrip("\n"))
            if " serves " in line:
                self._serving.set()
        self._process.wait()
        self._serving.set()
        for line in self.lines.values():
            line.events.end("the daemon has ended")

    def _meet(self, scenarios):
        """Every unit's line says whose it is; then one thread reads them all."""
        try:
            for _ in scenarios:
                line = Line(self._control.accept()[0])
                self.lines[line.receive()["scenario"]] = line
        except (TimeoutError, TypeError):
            raise Stuck("a unit does not report:\n" + self.stop()) from None
        self._control.close()
        threading.Thread(target=self._read_lines, daemon=True).start()

    def _read_lines(self):
        with selectors.DefaultSelector() as selector:
            for line in self.lines.values():
                selector.register(line._connection, selectors.EVENT_READ, line)
            while selector.get_map():
                for key, _ in selector.select():
                    event = key.data.receive()
                    if event is None:
                        selector.unregister(key.fileobj)
                        key.data.events.end("the daemon has closed its line")
                        key.fileobj.close()
                    else:
                        key.data.events.add(event)


def process_words(scenario):
    """How it is to be started, for the plugin: key=value."""
    options = dict(scenario.process)
    for name, value in options.pop("env", {}).items():
        yield f"env={name}={value}"
    for key, value in options.items():
        yield f"{key}={str(value).lower() if isinstance(value, bool) else value}"


def _tls():
    certificate, key = secured.identity()
    return {"tls": {"certificates": [{"certificate": certificate, "key": key}]}}


def _environment(build, preloaded):
    """What the daemon sees. `preloaded`: libraries of ours that change what its kernel or its resolver does."""
    environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
    if preloaded:
        # A sanitizer's runtime must come before everything else.
        libraries = subprocess.run(["ldd", build / "bin/protohostd"], capture_output=True, text=True, check=True).stdout
        sanitizers = re.findall(r"=> (\S*/lib[at]san\.so\S*)", libraries)
        ours = [str(build / f"tests/preloaded/lib{name}.so") for name in preloaded]
        environment["LD_PRELOAD"] = ":".join(sanitizers + ours)
    return environment
