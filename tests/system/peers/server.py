# SPDX-License-Identifier: MIT
"""server.py [PATH]: an asyncio server for one client, which is to echo what it is sent.

Without a path it serves on a free port. It says where before it waits.
"""
import asyncio
import sys

SIZE = 1_000_000


async def main(path=None):
    done = asyncio.get_running_loop().create_future()

    async def talk(reader, writer):
        sent = bytes(range(250)) * (SIZE // 250)
        writer.write(sent)
        received = await reader.readexactly(SIZE)
        writer.write_eof()
        rest = await reader.read()
        writer.close()
        done.set_result("all of it came back" if received == sent and rest == b"" else "something else came back")

    if path is None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        print("port", server.sockets[0].getsockname()[1], flush=True)
    else:
        server = await asyncio.start_unix_server(talk, path)
        print("path", path, flush=True)
    async with server:
        print(await done)


asyncio.run(main(*sys.argv[1:]))
