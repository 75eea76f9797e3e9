#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""abi_layout.py <abi.h> <layout test>: what a plugin was compiled against is written down a second time.

Every field of every struct of the border must stand in the test with its offset, and every constant with its value,
so that a change of either is a change of the test, too.
"""
import pathlib
import re
import sys

STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.S)
HEAD = re.compile(r"#define PH_PROTO_HEAD(.*?)(?<!\\)\n", re.S)
ENUM = re.compile(r"enum \{(.*?)\};", re.S)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def fields(body):
    """The names of what is declared in a struct, in order."""
    names = []
    for declaration in body.replace("\\", " ").split(";"):
        if pointer := re.search(r"\(\*\s*(\w+)\)\s*\(", declaration):
            names.append(pointer.group(1))
        elif plain := re.search(r"(\w+)\s*(\[\w+\])?\s*$", declaration.strip()):
            names.append(plain.group(1))
    return names


def wanted(header):
    """The expressions that the test must contain."""
    text = without_comments(header)
    head = fields(HEAD.search(text).group(1)) if HEAD.search(text) else []
    for name, body in STRUCT.findall(text):
        own = fields(body.replace("PH_PROTO_HEAD;", ""))
        for field in own or head:
            if field != "_r":
                yield f"offsetof({name}, {field}) == "
    for body in ENUM.findall(text):
        for constant, value in re.findall(r"(PH_\w+) = (-?\w+)", body):
            yield f"{constant} == {value.rstrip('u')}"


def missing(header, test):
    flat = re.sub(r"\s+", " ", test)
    return [expression for expression in wanted(header) if expression not in flat]


def prove():
    """The guard must see the field and the constant that nobody wrote down."""
    header = "enum { PH_ONE = 1, PH_TWO = 2 /* a pair */ };\n" \
             "typedef struct ph_x { uint32_t size; void (*call)(void *arg); char name[4]; } ph_x;\n"
    test = "offsetof(ph_x, size) == 0 && offsetof(ph_x,\n  name) == 16 && PH_ONE == 1"
    if missing(header, test) != ["offsetof(ph_x, call) == ", "PH_TWO == 2"]:
        sys.exit(f"the guard itself is broken: {missing(header, test)}")


prove()
header, test = (pathlib.Path(argument).read_text() for argument in sys.argv[1:3])
expressions = list(wanted(header))
assert len(expressions) > 150, "abi.h is not what this script thinks it is"
if absent := missing(header, test):
    sys.exit("the layout test does not say:\n  " + "\n  ".join(absent))
print(f"{len(expressions)} offsets and values are written down")
