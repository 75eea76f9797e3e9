# SPDX-License-Identifier: MIT
"""All cases: what is done, how it is measured, and beside whom. The first server is the subject."""
from counts import Allocations, Held, Instructions, OwnInstructions, SystemCalls
from measures import Cpu, Idle, Start

STREAM_PEERS = ["protohostd", "raw", "asio", "libuv", "uvloop", "asyncio", "node"]
NATIVE_PEERS = ["protohostd", "raw", "asio", "libuv"]
DATAGRAM_PEERS = ["protohostd", "raw", "raw-epoll", "uvloop", "asyncio"]
PROXIES = ["protohostd", "haproxy", "nginx", "socat"]
TLS_PEERS = ["protohostd", "openssl"]
TLS_PROXIES = ["protohostd", "haproxy", "nginx", "stunnel"]


def echo(connections, size, depth=1):
    return Cpu("echo", "echo", connections=connections, size=size, depth=depth)


def datagrams(size):
    return Cpu("datagrams", "datagrams", "datagram", size=size, depth=64)


def forward(connections):
    return Cpu("forward", "echo", behind="echo", connections=connections, size=64)


def tls_echo(connections, size, service="echo", behind=None):
    return Cpu(service, "tls_echo", behind=behind, tls="ecdsa", connections=connections, size=size)


def handshakes(service, version, kind="ecdsa", resume=0, behind=None, greeted=0):
    return Cpu(service, "tls_connects", "connection", behind=behind, tls=kind, connections=50,
               version=version, resume=resume, greeted=greeted)


def tls_cases():
    """Those that answer themselves beside bare OpenSSL, those that forward beside each other."""
    ways = {"full-1.3": (3, "ecdsa"), "full-1.2": (2, "ecdsa"), "full-1.3-rsa": (3, "rsa"),
            "resumed-1.3": (3, "ecdsa", 1),
            "resumed-1.2": (2, "ecdsa", 1)}
    sizes = (("50x64", 50, 64), ("50x16k", 50, 2**14), ("4x1m", 4, 2**20))
    cases = {}
    for prefix, service, behind, who in (("tls", "echo", None, TLS_PEERS),
                                         ("tls-forward", "forward", "echo", TLS_PROXIES)):
        for name, way in ways.items():
            cases[f"{prefix}-{name}"] = handshakes(service, *way, behind=behind), who
        for name, connections, size in sizes:
            cases[f"{prefix}-{name}"] = tls_echo(connections, size, service, behind), who
    cases["tls-greeted"] = handshakes("greet", 3, greeted=1), [*TLS_PEERS, "nginx"]
    cases["tls-forward-bulk"] = Cpu("forward", "tls_sink", "KiB", behind="source", tls="ecdsa",
                                    connections=4), TLS_PROXIES
    for version in (2, 3):
        cases[f"tls-idle-1.{version}"] = (
            Idle([500, 2000], behind="echo", load="tls_echo", tls="ecdsa", version=version),
            ["protohostd", "openssl", "protohostd+forward", "nginx", "haproxy", "stunnel"])
    return cases


SMALL_WRITES = Cpu("pieces", "echo", connections=50, size=1024)
SMALL_WRITES_PEERS = ["protohostd", "raw", "libuv", "uvloop", "asyncio", "node"]
TLS_CONNECTIONS = handshakes("forward", 3, behind="echo")
CONNECTIONS = Cpu("echo", "connects", "connection", connections=50, size=64)

# Name: (how, who).
CASES = {
    f"echo-{connections}x{label}": (echo(connections, size), STREAM_PEERS)
    for label, size, all_connections in (("64", 64, (1, 50, 1000, 10000)),
                                         ("1k", 1024, (1, 50, 1000)),
                                         ("64k", 65536, (1, 50)))
    for connections in all_connections
} | {
    "pipelined-1x64": (echo(1, 64, depth=16), STREAM_PEERS),
    "pipelined-50x64": (echo(50, 64, depth=16), STREAM_PEERS),
    "small-writes-50": (SMALL_WRITES, SMALL_WRITES_PEERS),
    "idle-timeout-50x64": (echo(50, 64), ["protohostd+idle", "protohostd", "raw", "uvloop+idle"]),
    "datagrams-64": (datagrams(64), DATAGRAM_PEERS),
    "datagrams-1400": (datagrams(1400), DATAGRAM_PEERS),
    "connections": (CONNECTIONS, STREAM_PEERS),
    "connections-greeted": (Cpu("greet", "connects", "connection", connections=50, greeted=1),
                            ["protohostd", "raw", "libuv", "uvloop", "nginx"]),
    "forward-1x64": (forward(1), PROXIES),
    "forward-50x64": (forward(50), PROXIES),
    "forward-bulk": (Cpu("forward", "sink", "KiB", behind="source", connections=4), PROXIES),
    "idle": (Idle([1000, 5000, 15000], behind="echo"),
             ["protohostd", "protohostd+idle", "raw", "uvloop", "uvloop+idle", "nginx", "haproxy"]),
    "start-1": (Start(1), ["protohostd", "nginx", "haproxy"]),
    "start-1000": (Start(1000), ["protohostd", "nginx", "haproxy"]),
    "calls-1x64": (SystemCalls(echo(1, 64), 2000), STREAM_PEERS),
    "calls-50x64": (SystemCalls(echo(50, 64), 5000), STREAM_PEERS),
    "calls-small-writes": (SystemCalls(SMALL_WRITES, 5000), SMALL_WRITES_PEERS),
    "calls-datagrams": (SystemCalls(datagrams(64), 6400), DATAGRAM_PEERS),
    "calls-connections": (SystemCalls(CONNECTIONS, 1000), ["protohostd", "raw", "libuv", "uvloop"]),
    "calls-forward": (SystemCalls(forward(50), 2000), ["protohostd", "haproxy", "nginx"]),
    "instructions-1x64": (Instructions(echo(1, 64), 5000), NATIVE_PEERS),
    "instructions-50x64": (Instructions(echo(50, 64), 20000), NATIVE_PEERS),
    "instructions-connections": (Instructions(CONNECTIONS, 2000), NATIVE_PEERS),
    "allocations-50x64": (Allocations(echo(50, 64), 20000), NATIVE_PEERS),
    "instructions-datagrams": (Instructions(datagrams(64), 20000), ["protohostd", "raw"]),
    "allocations-datagrams": (Allocations(datagrams(64), 20000), ["protohostd", "raw"]),
    "allocations-forward": (Allocations(forward(50), 10000), ["protohostd", "haproxy", "nginx"]),
    "allocations-connections": (Allocations(CONNECTIONS, 5000), NATIVE_PEERS),
    "allocations-idle": (Held(echo(1000, 64), 1000), NATIVE_PEERS),
    "calls-tls-connections": (SystemCalls(TLS_CONNECTIONS, 1000), TLS_PROXIES[:3]),
    "allocations-tls-connections": (Allocations(TLS_CONNECTIONS, 1000), TLS_PROXIES[:3]),
    "instructions-tls-connections": (OwnInstructions(TLS_CONNECTIONS, 400), ["protohostd", "nginx"]),
    "tls-calls-50x64": (SystemCalls(tls_echo(50, 64), 5000), TLS_PEERS),
    "tls-instructions-50x64": (Instructions(tls_echo(50, 64), 20000), TLS_PEERS),
} | tls_cases()
