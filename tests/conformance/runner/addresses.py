# SPDX-License-Identifier: MIT
"""Addresses of sockets: as Python has them, and as the daemon, the trace and scenarios write them."""


def text(address):
    """`127.0.0.1:7007`, `[::1]:7007`, `/path`, `@abstract`; "" for a socket without a name."""
    if isinstance(address, tuple):
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"{host}:{address[1]}"
    if isinstance(address, bytes):
        address = address.decode()
    return (address or "").replace("\0", "@")


def parse(written):
    """The reverse, numbers and paths only."""
    if written.startswith("/"):
        return written
    if written.startswith("@"):
        return "\0" + written[1:]
    host, _, port = written.rpartition(":")
    if host.startswith("["):
        return host[1:-1], int(port), 0, 0
    return host, int(port)


def uri(scheme, address):
    """As the configuration writes it."""
    written = text(address)
    return f"{scheme}:{written}" if written.startswith("@") else f"{scheme}://{written}"
