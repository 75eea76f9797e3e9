# SPDX-License-Identifier: MIT
"""datagrams.py PORT | PATH OWN_PATH: an asyncio datagram endpoint talks to an echo.

It counts the answers that came in their order, a few datagrams under way at a time. The last ones are as large as UDP
has them.
"""
import asyncio
import socket
import sys

SIZES = [size % 1400 + 1 for size in range(2000)] + [65507] * 3
WINDOW = 8


class Client(asyncio.DatagramProtocol):
    def __init__(self, done):
        self.done, self.sent, self.answered = done, 0, 0

    def connection_made(self, transport):
        self.transport = transport
        self.send_more()

    def datagram_received(self, data, addr):
        if data != self.datagram(self.answered):
            return self.done.set_result(f"answer {self.answered} is another one")
        self.answered += 1
        self.send_more()
        if self.answered == len(SIZES):
            self.done.set_result(f"{self.answered} in order")

    def error_received(self, exc):
        self.done.set_result(f"error: {exc}")

    def send_more(self):
        # Not two of the large ones at a time: they are as long as a receive buffer may be.
        while self.sent < len(SIZES) and self.sent - self.answered < (WINDOW if SIZES[self.sent] < 2000 else 1):
            self.transport.sendto(self.datagram(self.sent))
            self.sent += 1

    @staticmethod
    def datagram(number):
        return (f"{number:05}".encode() * (SIZES[number] // 5 + 1))[:SIZES[number]]


async def main(remote, *own):
    if own:
        where = {"local_addr": own[0], "remote_addr": remote, "family": socket.AF_UNIX}
    else:
        where = {"remote_addr": ("127.0.0.1", int(remote))}
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: Client(done), **where)
    try:
        return await done
    finally:
        transport.close()


print(asyncio.run(main(*sys.argv[1:])))
