# SPDX-License-Identifier: MIT
"""tls_segments.py PORT CA VERSION: how many segments a server sends that speaks first: for its two parts of the
handshake and its greeting, and for its farewell and its end."""
import select
import socket
import ssl
import struct
import sys

port, ca, version = int(sys.argv[1]), sys.argv[2], getattr(ssl.TLSVersion, sys.argv[3])
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = version
SEGMENTS_IN, DATA_SEGMENTS_IN = 140, 152  # where they are in the kernel's struct tcp_info


def count(peer, at):
    information = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    return struct.unpack_from("I", information, at)[0]


def read_line(peer):
    line = b""
    while not line.endswith(b"\n"):
        line += peer.recv(100)


def talk():
    plain = socket.create_connection(("127.0.0.1", port))
    peer = context.wrap_socket(plain, server_hostname="server.test")
    read_line(peer)
    begun = count(peer, DATA_SEGMENTS_IN)
    # After some of these the kernel does not acknowledge what it will answer anyway.
    for _ in range(20):
        peer.sendall(b"NOOP\r\n")
        read_line(peer)
    before = count(peer, SEGMENTS_IN)
    peer.sendall(b"QUIT\r\n")
    while peer.recv(100):
        pass
    end = select.poll()
    end.register(peer, select.POLLRDHUP)
    end.poll()
    return begun, count(peer, SEGMENTS_IN) - before


# An acknowledgement that comes between would be one more.
begun, ended = (min(counts) for counts in zip(*(talk() for _ in range(5))))
print(f"{begun} to begin, {ended} to end")
