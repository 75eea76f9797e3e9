# SPDX-License-Identifier: MIT
"""YAML 1.2 as editors read it: PyYAML with the scalars of the core schema, where yes and 0660 are no booleans or octals."""
import re

import yaml


class Loader(yaml.SafeLoader):
    """Knows no other scalars than those below."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("null", r"(~|null|Null|NULL|)", ["~", "n", "N", ""]),
        ("bool", r"(true|True|TRUE|false|False|FALSE)", list("tTfF")),
        ("int", r"([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+0123456789."))):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^{pattern}$"), first)


def construct_int(_, node):
    base = {"0o": 8, "0x": 16}.get(node.value[:2], 10)
    return int(node.value[2:] if base != 10 else node.value, base)


Loader.add_constructor("tag:yaml.org,2002:int", construct_int)


def read(text):
    return yaml.load(text, Loader=Loader)
