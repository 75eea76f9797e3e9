#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""message_catalog.py <root>: journalctl -x explains every event that the daemon names, and no other.

The ids of daemon/base/log_events.hpp and of systemd/protohost.catalog are the same in the same order, each entry has
what it needs, and names fields that lines have; journalctl compiles the catalogue.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ID = re.compile(r'string_view (\w+) =\s*"([^"]*)"')
HEAD = ["Subject: ", "Defined-By: protohost", "Documentation: man:protohostd(8)"]


def entries(catalogue):
    """(id, lines of its head, its text) of each."""
    found = []
    for part in re.split(r"^-- ", catalogue, flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n\n")
        lines = head.splitlines()
        found.append((lines[0].strip(), lines[1:], text.strip()))
    return found


def complaints(header, catalogue, fields):
    events = ID.findall(header)
    listed = entries(catalogue)
    found = [f"{name}: {value!r} is no id of 32 digits" for name, value in events
             if not re.fullmatch(r"[0-9a-f]{32}", value) or value == "0" * 32]
    ids = [value for _, value in events]
    found += [f"{name}: its id is another's, too" for name, value in events if ids.count(value) > 1]
    if ids != [value for value, _, _ in listed]:
        found.append("the ids of the header and of the catalogue are not the same in the same order")
    for value, head, text in listed:
        if len(head) != len(HEAD) or not all(line.startswith(wanted) for line, wanted in zip(head, HEAD)):
            found.append(f"{value}: its head is not " + ", ".join(HEAD))
        if "\n\n" not in text:
            found.append(f"{value}: say what it means, and in another paragraph what to do")
        for field in re.findall(r"@(\w+)@", "\n".join(head) + text):
            if field not in fields:
                found.append(f"{value}: no line has a field {field}")
    return found


def compiled(catalogue):
    """The ids that journalctl lists of it."""
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root, "usr/lib/systemd/catalog")
        folder.mkdir(parents=True)
        (folder / "protohost.catalog").write_text(catalogue)
        run = ["journalctl", "--root=" + root]
        subprocess.run([*run, "--update-catalog"], check=True)
        listing = subprocess.run([*run, "--list-catalog"], check=True, capture_output=True, text=True).stdout
    return sorted(line.split()[0] for line in listing.splitlines())


def self_check():
    one, other = "1" * 32, "2" * 32
    header = f'string_view a = "{one}";'
    entry = f"-- {one}\n" + "\n".join(HEAD) + "\n\nMeans @F@.\n\nDo.\n"
    assert complaints(header, entry, {"F"}) == []
    assert complaints(header, entry, set()) == [f"{one}: no line has a field F"]
    assert complaints(header + f'string_view b =\n "{other}";', entry, {"F"}) != []
    assert complaints(header + header, entry + "\n" + entry, {"F"}) != []
    assert complaints('string_view a = "x";', entry.replace(one, "x"), {"F"}) != []
    assert complaints(header, entry.replace("\nDefined-By: protohost", ""), {"F"}) != []
    assert complaints(header, entry.replace("\n\nDo.", ""), {"F"}) != []
    assert compiled(entry) == [one]


if __name__ == "__main__":
    self_check()
    root = pathlib.Path(sys.argv[1])
    events = (root / "daemon/base/log_events.hpp").read_text()
    text = (root / "systemd/protohost.catalog").read_text()
    known = set(re.findall(r'"([A-Z]+_[A-Z_]+)"', (root / "daemon/base/log_line.cpp").read_text()))
    assert len(ID.findall(events)) > 15 and "PROTOHOST_UNIT" in known, "the sources are not what this script thinks"
    wrong = complaints(events, text, known)
    if not wrong and compiled(text) != sorted(value for _, value in ID.findall(events)):
        wrong.append("journalctl does not list all of it")
    if wrong:
        sys.exit("\n".join(wrong))
