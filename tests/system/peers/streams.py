# SPDX-License-Identifier: MIT
"""streams.py PORT|PATH: fifty asyncio streams talk to an echo in both directions at once."""
import asyncio
import sys

NUMBER, SIZE = 50, 300_000


def connect(where):
    if where.isdigit():
        return asyncio.open_connection("127.0.0.1", int(where))
    return asyncio.open_unix_connection(where)


async def talk(where, number):
    reader, writer = await connect(where)
    sent = bytes([number]) * SIZE
    writer.write(sent)
    received = await reader.readexactly(SIZE)
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received == sent and rest == b""


async def main(where):
    return sum(await asyncio.gather(*[talk(where, number) for number in range(NUMBER)]))


print(asyncio.run(main(sys.argv[1])), "of", NUMBER)
