#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""example_lengths.py <root>: no example is longer than the Python program of asyncio's documentation that it follows.

A line counts unless it is blank, a comment, or made of braces and the like alone; a file's licence is a comment. What
counts of ours is the plugin and its definition together, because the Python program says as well where it serves.
"""
import pathlib
import re
import sys

# The programs of "Transports and Protocols", counted so.
PYTHON = {"tcp-echo-server": 21, "tcp-echo-client": 25, "udp-echo-server": 20, "udp-echo-client": 31,
          "existing-sockets": 26, "subprocess-date": 24}


def count(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    lines = [re.sub(r"(^|\s)(//|#(?!include)).*", "", line).strip() for line in text.splitlines()]
    return sum(1 for line in lines if line.strip("{}()[];, "))


def self_check():
    text = '// a comment\n#include <a>\n\nclass A {  // of letters\n    int a;\n};\n\n}  // namespace\n# a comment\n});\n'
    assert count(text) == 3, count(text)
    assert count("def f():\n    # nothing\n    return {'a': 1}\n\n") == 2


self_check()
root = pathlib.Path(sys.argv[1])
too_long = False
for name, most in PYTHON.items():
    parts = [root / "plugins/examples" / f"{name}.cpp", root / "config/examples" / f"{name}.yaml"]
    counted = [count(path.read_text()) for path in parts]
    too_long |= sum(counted) > most
    print(f"{name}: {counted[0]} lines and {counted[1]} of definition, Python {most}")
others = {path.stem for path in (root / "plugins/examples").glob("*.cpp")} - set(PYTHON)
if others:
    sys.exit(f"say in PYTHON how long the program is that these follow: {sorted(others)}")
sys.exit(1 if too_long else 0)
