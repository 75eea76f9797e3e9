# SPDX-License-Identifier: MIT
"""tls_client.py PORT CA VERSION: two connections to an echo, of which the second resumes the session of the first."""
import socket
import ssl
import sys

port, ca, version = int(sys.argv[1]), sys.argv[2], getattr(ssl.TLSVersion, sys.argv[3])
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = version
context.set_alpn_protocols(["other", "echo"])


def connect(session=None):
    plain = socket.create_connection(("127.0.0.1", port))
    return context.wrap_socket(plain, server_hostname="server.test", session=session)


def talk(peer, size):
    sent = b"x" * size
    peer.sendall(sent)
    received = b""
    while len(received) < size:
        received += peer.recv(65536)
    return received == sent


try:
    first = connect()
except ssl.SSLError as error:
    sys.exit(print(error.reason.replace("_", " ").lower()))
assert talk(first, 10)
second = connect(first.session)
resumed = "resumed" if second.session_reused else "new"
print(second.version(), second.selected_alpn_protocol(), resumed)
all_of_it = talk(second, 200_000)
# Sends close_notify, and waits for the answer.
second.unwrap()
print("all of it, then the end" if all_of_it else "not the same")
