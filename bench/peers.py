# SPDX-License-Identifier: MIT
"""The servers that are compared. A new one is one more class here, and its name in PEERS."""
import os
import re
import socket
import subprocess

from servers import Server, free_ports

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # the distribution's own, which has its packages


class Built(Server):
    """One of the programs of this folder."""

    programs = {}

    @classmethod
    def missing(cls, build):
        for name in cls.programs.values():
            if not os.access(os.path.join(build, "bin", name.split()[0]), os.X_OK):
                return os.path.join(build, "bin", name.split()[0])
        return None

    def command(self):
        program, *arguments = self.programs[self.service].split()
        return [os.path.join(self.build, "bin", program), *arguments]


class Raw(Built):
    # Small writes are not small here: it sends back at once what came at once.
    programs = {"echo": "bench_raw_epoll", "pieces": "bench_raw_epoll", "greet": "bench_raw_greet",
                "datagrams": "bench_raw_datagrams", "source": "bench_source"}
    services = tuple(programs)


class RawEpoll(Built):
    """Datagrams as Raw has them, but in an epoll set, as everybody else waits for them."""

    programs = {"datagrams": "bench_raw_datagrams epoll"}
    services = tuple(programs)


class Openssl(Built):
    """Echo and greeting over TLS: OpenSSL in an epoll loop, with nothing around it."""

    programs = {"echo": "bench_raw_tls FILE", "greet": "bench_raw_tls FILE greet"}
    services = tuple(programs)

    def command(self):
        return [self.options["tls"] if word == "FILE" else word for word in super().command()]


class RawAsio(Built):
    programs = {"echo": "bench_asio_echo"}
    services = tuple(programs)


class Libuv(Built):
    programs = {name: f"bench_uv_echo {name}" for name in ("echo", "pieces", "greet")}
    services = tuple(programs)


class Protohostd(Server):
    services = ("echo", "pieces", "greet", "datagrams", "forward")

    @classmethod
    def missing(cls, build):
        program = os.path.join(build, "bin", "protohostd")
        return None if os.access(program, os.X_OK) else program

    def command(self):
        idle = self.options.get("idle", 0)
        protocol = {"echo": "echo", "forward": "forward"}.get(self.service, f"bench/{self.service}")
        target = self.options.get("target")
        options = f", options: {{to: 'tcp://127.0.0.1:{target}'}}" if target else ""
        timeouts = f", timeouts: {{idle: {idle}s}}" if idle else ""
        tls = self.options.get("tls")
        tls = f", tls: {{certificates: [{tls}]}}" if tls else ""
        if self.service == "datagrams":
            self.chosen = free_ports(1, socket.SOCK_DGRAM)[0]
            units = ("endpoints:\n"
                     f"  e: {{bind: 'udp://127.0.0.1:{self.chosen}', protocol: {protocol}}}\n")
        else:
            count = self.options.get("listeners", 1)
            if self.options.get("told"):
                self.ports = free_ports(count)
            units = "listeners:\n" + "".join(
                f"  l{port or ''}: {{listen: 'tcp://127.0.0.1:{port}', protocol: {protocol}"
                f"{options}{timeouts}{tls}}}\n" for port in self.ports or [0])
        configuration = self.write("protohost.yaml",
                                   f"state: {{directory: {self.folder}/state}}\n"
                                   f"control: {{socket: {self.folder}/control.sock}}\n"
                                   f"plugins: {{directories: [{self.build}/bench/plugins]}}\n{units}")
        return [os.path.join(self.build, "bin", "protohostd"), "--config", configuration]

    def ports_in(self, printed):
        if self.service == "datagrams":
            return [self.chosen] if " serves " in printed else None
        found = re.search(r"listening on tcp://127\.0\.0\.1:(\d+) ", printed)
        return [int(found[1])] if found else None


class Python(Server):
    """asyncio: the loop that comes with Python."""

    services = ("echo", "pieces", "greet", "datagrams")
    loop = "asyncio"

    @classmethod
    def missing(cls, build):
        done = subprocess.run([PYTHON, "-c", f"import {cls.loop}"], stderr=subprocess.DEVNULL)
        return None if done.returncode == 0 else f"the module {cls.loop} of {PYTHON}"

    def command(self):
        idle = self.options.get("idle", 0)
        return [PYTHON, os.path.join(HERE, "peers", "echo.py"), self.loop, self.service,
                *([str(idle)] if idle else [])]


class Uvloop(Python):
    loop = "uvloop"


class Node(Server):
    services = ("echo", "pieces", "greet")
    program = "node"

    def command(self):
        return ["node", os.path.join(HERE, "peers", "echo.js"), self.service]


class Told(Server):
    """A server that cannot choose its ports, and does not say when it is ready."""

    def command(self):
        self.ports = free_ports(self.options.get("listeners", 1))
        return self.command_for(self.ports)


class Nginx(Told):
    services = ("greet", "forward")
    program = "nginx"
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"

    @classmethod
    def missing(cls, build):
        return super().missing(build) or (None if os.path.exists(cls.module) else cls.module)

    def command_for(self, ports):
        does = {"greet": f"return {'m' * 64};",
                "forward": f"proxy_pass 127.0.0.1:{self.options.get('target')};"}[self.service]
        tls = self.options.get("tls")
        ssl, files = ("ssl", f"ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {tls}; "
                             f"ssl_certificate_key {tls};") if tls else ("", "")
        listeners = "".join(f"server {{ listen 127.0.0.1:{port} {ssl} backlog=4096; {files} {does} }}\n"
                            for port in ports)
        # One process in the foreground, as protohostd is; beyond that its defaults.
        configuration = self.write(
            "nginx.conf",
            f"load_module {self.module};\ndaemon off; master_process off; pid {self.folder}/pid;\n"
            f"error_log stderr; worker_rlimit_nofile 20000;\n"
            f"events {{ worker_connections 20000; }}\nstream {{ {listeners} }}\n")
        return ["nginx", "-p", self.folder, "-e", "stderr", "-c", configuration]


class Haproxy(Told):
    services = ("forward",)
    program = "haproxy"

    def command_for(self, ports):
        tls = self.options.get("tls")
        ssl = f" ssl crt {tls}" if tls else ""
        binds = "".join(f"  bind 127.0.0.1:{port} backlog 4096{ssl}\n" for port in ports)
        most = 9500 - len(ports)  # each takes two descriptors, of the 20,000 that there may be
        configuration = self.write(
            "haproxy.cfg",
            f"global\n  maxconn {most}\n  nbthread 1\n"
            f"defaults\n  mode tcp\n  maxconn {most}\n"
            "  timeout connect 10s\n  timeout client 10m\n  timeout server 10m\n"
            f"listen all\n{binds}  server one 127.0.0.1:{self.options['target']}\n")
        return ["haproxy", "-db", "-f", configuration]


class Socat(Told):
    services = ("forward",)
    program = "socat"

    def command_for(self, ports):
        return ["socat", f"TCP-LISTEN:{ports[0]},bind=127.0.0.1,reuseaddr,fork,backlog=4096",
                f"TCP:127.0.0.1:{self.options['target']}"]


class Stunnel(Told):
    """A thread for each connection."""

    services = ("forward",)
    program = "stunnel4"

    def command_for(self, ports):
        configuration = self.write(
            "stunnel.conf",
            f"foreground = yes\npid =\nsyslog = no\ndebug = err\n[all]\ncert = {self.options['tls']}\n"
            f"accept = 127.0.0.1:{ports[0]}\nconnect = 127.0.0.1:{self.options['target']}\n")
        return ["stunnel4", configuration]


PEERS = {"protohostd": Protohostd, "raw": Raw, "raw-epoll": RawEpoll, "asio": RawAsio,
         "libuv": Libuv, "uvloop": Uvloop, "asyncio": Python, "node": Node, "nginx": Nginx,
         "haproxy": Haproxy, "socat": Socat, "openssl": Openssl,
         "stunnel": Stunnel}


def split(name):
    """NAME, NAME+idle (with an idle timeout), NAME+forward (as the proxies, where others are none),
    NAME=BUILD_FOLDER (of another build)."""
    name, _, build = name.partition("=")
    name, _, variant = name.partition("+")
    if name not in PEERS or variant not in ("", "idle", "forward"):
        raise SystemExit(f'compare: no server "{name}"; there are: {", ".join(PEERS)}')
    return PEERS[name], variant, build


def missing(name, build):
    kind, _, own_build = split(name)
    return kind.missing(own_build or build)


def start(name, service, build, prefix=(), **options):
    kind, variant, own_build = split(name)
    if variant == "idle":
        options.setdefault("idle", 60)
    return kind(name, service, own_build or build, prefix, **options)
