#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""abi_tags.py <abi.h>: every function pointer of the border says on which thread it runs.

The tag, [loop], [any] or [load], stands in the comment before the declaration or behind it.
"""
import pathlib
import re
import sys

POINTER = re.compile(r"\(\*(\w+)\)\(")
TAG = re.compile(r"\[(loop|any|load)\]")


def untagged(text):
    """The function pointers without a tag. Declarations end with ; or, in a macro, with a backslash."""
    missing = []
    comment = ""
    for line in text.splitlines():
        if line.lstrip().startswith(("/*", "*")):
            comment = comment + line if not comment.endswith("*/") else line
            comment = comment.rstrip()
            continue
        pointer = POINTER.search(line)
        if pointer and not line.startswith("typedef void (*ph_fn)"):
            if not TAG.search(line) and not TAG.search(comment):
                missing.append(pointer.group(1))
        if ";" in line or not line.strip():
            comment = ""
    return missing


def self_check():
    assert untagged("    void (*lost)(void *);\n") == ["lost"]
    assert untagged("    /* [loop] Said. */\n    void (*said)(void *);\n    void (*lost)(void *);\n") == ["lost"]
    assert untagged("    void (*said)(void *); /* [any] */\n") == []


if __name__ == "__main__":
    self_check()
    header = pathlib.Path(sys.argv[1]).read_text()
    assert len(POINTER.findall(header)) > 40, "abi.h is not what this script thinks it is"
    if missing := untagged(header):
        sys.exit("abi.h: say on which thread these run ([loop], [any], [load]): " + ", ".join(missing))
