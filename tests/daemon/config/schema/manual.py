# SPDX-License-Identifier: MIT
"""The tables of docs/configuration.md beside what the schema says of the same keys."""
import re


def rows(page):
    """(path of the key, its default, its meaning), as the chapters of the page put it."""
    before = {"The daemon": "", "A listener": "UNIT.", "An endpoint": "UNIT.",
              "A subprocess": "UNIT.", "All units": "UNIT.", "Sockets": "UNIT.socket.", "TLS": "UNIT.tls.",
              "TLS of a listener": "UNIT.tls.", "TLS of an endpoint": "UNIT.tls."}
    chapter = None
    for line in page.splitlines():
        if heading := re.match(r"#+ (.*)", line):
            chapter = before.get(heading.group(1))
        cells = [cell.strip() for cell in re.split(r"(?<=\s)\|(?=\s|$)", line[1:])]
        if chapter is None or not line.startswith("| `"):
            continue
        for key in re.findall(r"`([^`]+)`", cells[0]):
            yield chapter + re.sub(r"(\.[A-Z]+)$", "", key), cells[2], cells[-2]


def path_of(place):
    """Units are alike, and so are the names in a table."""
    path = [".PLUGIN" if step == "NAME" else "." + step for step in place.path]
    return re.sub(r"^\.(listeners|endpoints|subprocesses)\.\([^)]*\)", ".UNIT", "".join(path))[1:]


def text_of(value):
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def check(places, source):
    described = {}
    for key, default, meaning in rows((source / "docs/configuration.md").read_text()):
        described.setdefault(key, []).append((default, meaning))
    missing = set(described)
    for place in places:
        path, shape = path_of(place), place.shape
        missing.discard(path)
        description, default = shape.get("description"), shape.get("default")
        if description is None:
            if "properties" not in str(shape) and place.path[-1] != "NAME" and ".0." not in path:
                yield f"nothing is said of {path}"
            continue
        says = [f"{meaning}. By default {cell}" if description.endswith(". By default " + cell) else meaning
                for cell, meaning in described.get(path, [])]
        if description not in says:
            yield f"of {path} the schema says {description!r}, the manual {says}"
        if default not in (None, []) and not any(re.match(f"`{re.escape(text_of(default))}`", cell)
                                                 for cell, _ in described.get(path, [])):
            yield f"the default of {path} is {default!r}, in the manual {described.get(path)}"
        if default is None and any(re.match("`[0-9a-z]+`", cell) for cell, _ in described.get(path, [])):
            yield f"the manual has a default of {path} that the schema has not"
    if missing:
        yield f"the schema has no {sorted(missing)}"
    print(f"{len(described)} keys are described in the manual")
