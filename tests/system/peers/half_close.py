# SPDX-License-Identifier: MIT
"""half_close.py PORT: a plain socket ends its half, and then reads all that an echo sent back."""
import socket
import sys

peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sent = b"x" * 100_000
peer.sendall(sent)
peer.shutdown(socket.SHUT_WR)
received = b""
while data := peer.recv(65536):
    received += data
print("all of it" if received == sent else f"{len(received)} bytes")
