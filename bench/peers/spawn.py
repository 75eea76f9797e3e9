#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""spawn.py [uvloop]: starts /bin/true as often as each line of standard input says, one after the other, and answers with
the nanoseconds that it took."""
import asyncio
import sys
import time


class Watching(asyncio.SubprocessProtocol):
    """Says when it is over."""

    def __init__(self, over):
        self._over = over

    def connection_lost(self, exc):
        self._over.set_result(None)


async def spawn(loop, times):
    """Nanoseconds."""
    begin = time.monotonic_ns()
    for _ in range(times):
        over = loop.create_future()
        transport, _ = await loop.subprocess_exec(lambda over=over: Watching(over), "/bin/true",
                                                  stdin=None, stdout=None, stderr=None)
        await over
        assert transport.get_returncode() == 0
        transport.close()
    return time.monotonic_ns() - begin


async def main():
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    if sys.argv[1:] != ["uvloop"] and sys.version_info < (3, 12):
        watcher = asyncio.PidfdChildWatcher()  # as from 3.12 on
        watcher.attach_loop(loop)
        asyncio.set_child_watcher(watcher)
    for line in sys.stdin:
        print(await spawn(loop, int(line)), flush=True)


if sys.argv[1:] == ["uvloop"]:
    import uvloop
    uvloop.install()
asyncio.run(main())
