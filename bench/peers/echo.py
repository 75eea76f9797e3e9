# SPDX-License-Identifier: MIT
"""echo.py asyncio|uvloop echo|pieces|greet|datagrams [IDLE]: the services in Python.

IDLE: seconds of silence after which a connection is aborted."""
import asyncio
import sys

PIECE = 64
GREETING = b"m" * 64
# Of every kind that is needed: the most direct way that the documentation shows.


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


class EchoInPieces(Echo):
    def data_received(self, data):
        for at in range(0, len(data), PIECE):
            self.transport.write(data[at:at + PIECE])


class EchoWithTimeout(Echo):
    def connection_made(self, transport):
        super().connection_made(transport)
        self.rearm()

    def data_received(self, data):
        self.timer.cancel()
        self.rearm()
        super().data_received(data)

    def rearm(self):
        self.timer = asyncio.get_event_loop().call_later(IDLE, self.transport.abort)

    def connection_lost(self, exc):
        self.timer.cancel()


class Greet(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(GREETING)
        transport.close()


class EchoDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


async def main(service):
    loop = asyncio.get_running_loop()
    if service == "datagrams":
        transport, _ = await loop.create_datagram_endpoint(EchoDatagrams, ("127.0.0.1", 0))
        print(transport.get_extra_info("sockname")[1], flush=True)
        await asyncio.Event().wait()
    protocol = {"echo": EchoWithTimeout if IDLE else Echo, "pieces": EchoInPieces, "greet": Greet}
    server = await loop.create_server(protocol[service], "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


IDLE = float(sys.argv[3]) if len(sys.argv) > 3 else 0
if sys.argv[1] == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main(sys.argv[2]))
