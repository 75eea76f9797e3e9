# SPDX-License-Identifier: MIT
"""The servers that bench/reload reloads: each with many listeners, which answer HTTP with who they are."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from servers import Server, free_ports

PLUGINS = ("visited_a", "visited_b", "visited_c", "visited_d")
STAMP = b"visited-version-"


class Place:
    """One listener: what its definition says."""

    def __init__(self, number, port):
        self.number, self.port = number, port
        self.name = f"l{number}"      # the listener's
        self.says = self.name         # its option
        self.plugin = PLUGINS[number % len(PLUGINS)]
        self.keys = {}                # further ones
        self.also = None              # a second port

    def definition(self):
        addresses = [f'"tcp://127.0.0.1:{port}"' for port in (self.port, self.also) if port]
        keys = "".join(f", {key}: {value}" for key, value in self.keys.items())
        return (f"  {self.name}: {{listen: [{', '.join(addresses)}], protocol: {self.plugin}, "
                f"options: {{name: {self.says}}}{keys}}}\n")


class Reloaded(Server):
    """A server with `listeners` places. `version` is what it answers before the place's name."""

    def __init__(self, settings, listeners):
        self.version = "000000"
        ports = free_ports(listeners)
        self.places = [Place(number, port) for number, port in enumerate(ports)]
        super().__init__(self.title, "visited", settings.build, settings.server_prefix)

    def identity(self, place):
        return f"{self.version}.{place.says}"

    def identities(self):
        return {place.number: self.identity(place) for place in self.places}

    def for_visitors(self):
        return [(place.port, self.identity(place)) for place in self.places]

    def answer(self, place):
        """Who answers there now; None: nobody."""
        try:
            with socket.create_connection(("127.0.0.1", place.port), 10) as client:
                client.sendall(b"GET /0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                got = b""
                while b" /0\n" not in got:
                    more = client.recv(4096)
                    if not more:
                        return None
                    got += more
        except OSError:
            return None
        return got.rpartition(b"\r\n\r\n")[2].split(b" ")[0].decode()

    def new_version(self):
        self.version = f"{int(self.version) + 1:06}"

    def wait_for(self, identity, place):
        deadline = time.monotonic() + 30
        while self.answer(place) != identity:
            self._check_alive(deadline)
            time.sleep(0.001)


class Protohostd(Reloaded):
    title = "protohostd"

    def command(self):
        self.ports = [place.port for place in self.places]
        self.control = os.path.join(self.folder, "control.sock")
        self.plugins = os.path.join(self.folder, "plugins")
        os.mkdir(self.plugins, 0o755)
        for name in PLUGINS:
            self.install(name)
        self.configuration = os.path.join(self.folder, "protohost.yaml")
        self.rewrite()
        self._connection = None
        return [os.path.join(self.build, "bin", "protohostd"), "--config", self.configuration]

    def text(self):
        return (f"state: {{directory: {self.folder}/state}}\n"
                f"control: {{socket: {self.control}}}\n"
                f"plugins: {{directories: [{self.plugins}], max_draining: 20}}\n"
                "log: {level: warn}\n"
                "listeners:\n" + "".join(place.definition() for place in self.places))

    def rewrite(self, text=None):
        """At once, as an editor does it."""
        with open(self.configuration + ".new", "w") as file:
            file.write(self.text() if text is None else text)
        os.rename(self.configuration + ".new", self.configuration)

    def plugin_bytes(self, name, version=None):
        with open(os.path.join(self.build, "bench", "visited", f"{name}.so"), "rb") as file:
            built = file.read()
        at = built.index(STAMP) + len(STAMP)
        return built[:at] + (version or self.version).encode() + built[at + 6:]

    def install(self, name, content=None, mode=0o755):
        """A new file in the place of the old one, as a package is installed."""
        path = os.path.join(self.plugins, f"{name}.so")
        with open(path + ".new", "wb") as file:
            file.write(self.plugin_bytes(name) if content is None else content)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)

    def ask(self, verb, **arguments):
        """The result; an error is returned as {"error": ...}."""
        if self._connection is None:
            self._connection = self.connect()
        self.send(self._connection, verb, **arguments)
        return self.receive(self._connection)

    def connect(self):
        """A session of the control socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.control)
            return client.makefile("rw")

    @staticmethod
    def send(session, verb, **arguments):
        session.write(json.dumps({"version": 1, "verb": verb, "arguments": arguments}) + "\n")
        session.flush()

    def receive(self, session):
        line = session.readline()
        if not line:
            raise SystemExit(f"reload: the daemon has ended:\n{self.printed()}")
        answer = json.loads(line)
        return answer.get("result", answer)

    def reload(self, verdict="applied"):
        """Seconds that it took, seen from here."""
        begin = time.monotonic()
        record = self.ask("reload")
        took = time.monotonic() - begin
        if record.get("verdict") != verdict:
            raise SystemExit(f"reload: not {verdict}: {json.dumps(record)}")
        return took

    def wait_until_serving(self):
        deadline = time.monotonic() + 30
        while self.ask("status")["daemon"]["state"] != "serving":
            self._check_alive(deadline)

    def run(self, *arguments):
        """protohostctl."""
        return subprocess.run([os.path.join(self.build, "bin", "protohostctl"), "--socket", self.control,
                               *arguments], capture_output=True, text=True, timeout=60)

    def status(self):
        """As an operator sees it."""
        return json.loads(self.run("status", "--json").stdout)

    def sockets(self):
        """{port: inode} of what it listens on, from /proc."""
        own = set()
        for name in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                own.add(os.readlink(f"/proc/{self.process.pid}/fd/{name}"))
            except FileNotFoundError:
                continue
        found = {}
        with open("/proc/net/tcp") as table:
            for line in list(table)[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                    found[int(fields[1].rpartition(":")[2], 16)] = int(fields[9])
        return found

    def holdings(self):
        """What it holds where all is quiet: the least of many looks, as newcomers come and go."""
        looks = []
        for _ in range(50):
            with open(f"/proc/{self.process.pid}/status") as status:
                text = status.read()
            with open(f"/proc/{self.process.pid}/maps") as maps:
                mapped = sum(1 for _ in maps)
            looks.append((int(re.search(r"VmRSS:\s+(\d+)", text)[1]), self.descriptors(),
                          int(re.search(r"Threads:\s+(\d+)", text)[1]), mapped))
            time.sleep(0.01)
        return dict(zip(("rss_kib", "descriptors", "threads", "maps"), map(min, zip(*looks))))


class Nginx(Reloaded):
    title, program = "nginx", "nginx"

    def command(self):
        self.ports = [place.port for place in self.places]
        self.rewrite()
        return ["nginx", "-p", self.folder, "-e", "stderr", "-c", self.configuration]

    def rewrite(self):
        listeners = "".join(
            f"server {{ listen 127.0.0.1:{place.port} backlog=4096;"
            f" location / {{ return 200 \"{self.identity(place)} $request_uri\\n\"; }} }}\n"
            for place in self.places)
        self.configuration = self.write(
            "nginx.conf",
            f"daemon off; worker_processes 1; pid {self.folder}/pid;\n"
            f"error_log stderr error; worker_rlimit_nofile 20000;\n"
            f"events {{ worker_connections 9000; }}\n"
            f"http {{ access_log off; default_type text/plain; keepalive_timeout 1h;"
            f" keepalive_requests 1000000000; client_header_timeout 1h;\n{listeners} }}\n")

    def begin_reload(self):
        self.process.send_signal(signal.SIGHUP)  # what nginx -s reload sends


class Haproxy(Reloaded):
    title, program = "haproxy", "haproxy"

    def command(self):
        self.ports = [place.port for place in self.places]
        self.rewrite()
        return ["haproxy", "-W", "-f", self.configuration]

    def rewrite(self):
        listeners = "".join(
            f"frontend {place.name}\n  bind 127.0.0.1:{place.port} backlog 4096\n"
            f"  http-request return status 200 content-type text/plain"
            f" lf-string \"{self.identity(place)} %[path]\\n\"\n" for place in self.places)
        self.configuration = self.write(
            "haproxy.cfg",
            "global\n  maxconn 9000\n  nbthread 1\n"
            "defaults\n  mode http\n  maxconn 9000\n  timeout connect 10s\n  timeout client 1h\n"
            f"  timeout http-keep-alive 1h\n  timeout http-request 1h\n  timeout server 1h\n{listeners}")

    def begin_reload(self):
        self.process.send_signal(signal.SIGUSR2)  # master-worker: -sf, with its sockets handed on


PEERS = (Nginx, Haproxy)
