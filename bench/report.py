# SPDX-License-Identifier: MIT
"""A report as a table for people, as Markdown, and as a picture."""
import math

COLOURS = {"raw": "#222222", "raw-epoll": "#bcbd22", "asio": "#1f77b4", "libuv": "#2ca02c",
           "uvloop": "#9467bd", "asyncio": "#e377c2", "node": "#8c564b", "nginx": "#17becf",
           "haproxy": "#ff7f0e", "socat": "#7f7f7f", "openssl": "#000066", "stunnel": "#aa8800",
           "protohostd": "#d62728"}


def program(server):
    """Which program a server is, whatever build or options it was given."""
    return server.partition("=")[0].partition("+")[0]


def order(server):
    return list(COLOURS).index(program(server)), server


def ratios(report):
    """(case, server, ratio) of all cases that compare."""
    for name, case in report["cases"].items():
        for result in case["results"]:
            if "ratio" in result:
                yield name, result["server"], result["ratio"]


def markdown(report):
    """One row for each case, one column for each peer: the median ratio, and the middle half."""
    columns = []
    rows = {}
    for case, server, ratio in ratios(report):
        peer = server.partition("+")[0]
        if peer not in columns:
            columns.append(peer)
        rows.setdefault(case, {})[peer] = ratio
    columns.sort(key=order)
    lines = ["| case | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for case, cells in rows.items():
        line = [case]
        for peer in columns:
            ratio = cells.get(peer)
            line.append("" if ratio is None else
                        f"{ratio['median']:.2f} ({ratio['half'][0]:.2f}-{ratio['half'][1]:.2f})")
        lines.append("| " + " | ".join(line) + " |")
    return "\n".join(lines) + "\n"


def picture(report):
    """The same ratios as SVG: a line for each case, a dot for each peer, a bar for the middle half.
    Left of 1 the subject costs less."""
    rows = {}
    for case, server, ratio in ratios(report):
        rows.setdefault(case, []).append((server.partition("+")[0], ratio))
    low, high, left, width, height = 0.05, 2.0, 150, 640, 20

    def x(value):
        value = min(max(value, low), high)
        return left + width * (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))

    top = 50
    bottom = top + height * len(rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 30}" '
             f'height="{bottom + 30}" font-family="sans-serif" font-size="11">',
             '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="{left}" y="14">CPU time of {report["subject"]}, as a share of its peers\' '
             '(log scale; left of 1 is less)</text>']
    peers = sorted({peer for cells in rows.values() for peer, _ in cells}, key=order)
    for number, peer in enumerate(peers):
        at = left + 75 * number
        parts.append(f'<circle cx="{at}" cy="28" r="4" fill="{COLOURS[program(peer)]}"/>'
                     f'<text x="{at + 8}" y="32">{peer}</text>')
    for mark in (0.05, 0.1, 0.2, 0.5, 1, 2):
        stroke = "#888" if mark == 1 else "#ddd"
        parts.append(f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{top - 8}" y2="{bottom}" '
                     f'stroke="{stroke}"/><text x="{x(mark):.1f}" y="{bottom + 16}" '
                     f'text-anchor="middle">{mark}</text>')
    for number, (case, cells) in enumerate(rows.items()):
        y = top + height * number + height / 2
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{case}</text>')
        for peer, ratio in cells:
            begin, end = map(x, ratio["half"])
            parts.append(f'<line x1="{begin:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}" '
                         f'stroke="{COLOURS[program(peer)]}" stroke-width="2"/>'
                         f'<circle cx="{x(ratio["median"]):.1f}" cy="{y}" r="4" '
                         f'fill="{COLOURS[program(peer)]}" fill-opacity="0.8"/>')
    return "\n".join(parts) + "\n</svg>\n"
