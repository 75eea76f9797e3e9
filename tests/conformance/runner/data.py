# SPDX-License-Identifier: MIT
"""Bytes: how a scenario describes them, and how a trace shows them."""
import re
import zlib
from dataclasses import dataclass

FILL = re.compile(rb"(\x00{16,})")  # what the action `fill` writes; how much of it, the kernel decides
ROWS = [bytes((7 * i + row) % 256 for i in range(256)) for row in range(256)]


def pattern(size):
    """Bytes that show when some are missing, doubled or moved. The plugin makes the same ones."""
    rows = [ROWS[row % 256] for row in range(size // 256 + 1)]
    return b"".join(rows)[:size]


@dataclass(frozen=True)
class Data:
    """Bytes in pieces; `options` is what the plugin reads."""
    pieces: tuple
    options: tuple

    @property
    def whole(self):
        """All of it."""
        return b"".join(self.pieces)


def parse(node):
    """`hello`, `{hex: 00ff}`, `{repeat: x, times: 1000}`, `{pattern: 1000}`; the latter with
    `pieces: N` in so many equal pieces."""
    if node.items is not None:
        parts = [parse(item) for item in node.items]
        return Data(tuple(piece for part in parts for piece in part.pieces),
                    tuple(option for part in parts for option in part.options))
    if node.pairs is None:
        return _plain(node.string().encode())
    keys = node.mapping(("hex", "repeat", "times", "pattern", "pieces"))
    if "hex" in keys:
        return _plain(bytes.fromhex(keys["hex"].string()))
    if "repeat" in keys:
        once, times = keys["repeat"].string().encode(), keys["times"].integer() if "times" in keys else 1
        return Data((once * times,), ({"hex": once.hex(), "times": times},))
    if "pattern" not in keys:
        node.fail("says nothing about bytes", "write a text, or one of: hex, repeat, pattern")
    size = keys["pattern"].integer()
    if "pieces" not in keys:
        return Data((pattern(size),), ({"pattern": size},))
    each, rest = divmod(size, keys["pieces"].integer())
    if rest:
        keys["pieces"].fail("does not divide the pattern", "choose a size that is a multiple of it")
    whole = pattern(size)
    return Data(tuple(whole[at:at + each] for at in range(0, size, each)),
                tuple({"pattern": each, "from": at} for at in range(0, size, each)))


def _plain(once):
    return Data((once,), ({"hex": once.hex()},))


def show(data, filled=False):
    """For people, and short. Where `filled`, runs of the fill byte are shown without their length."""
    if not filled:
        return _show(data)
    parts = FILL.split(data)
    return " + ".join("fill" if i % 2 else _show(part) for i, part in enumerate(parts) if part) or "''"


def fill_size(data):
    """How much of it is fill."""
    return sum(len(run) for run in FILL.findall(data))


def _show(data):
    if len(data) <= 60:
        return repr(data)[1:]
    if data == data[:1] * len(data):
        return f"{data[:1]!r}"[1:] + f" * {len(data)}"
    return f"{len(data)} bytes, crc {zlib.crc32(data):08x}"
