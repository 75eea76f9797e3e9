#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""manual_pages.py <source> <protohostd> <protohostctl>: the manual pages are well formed, and name all that there is.

mandoc finds nothing to warn of; every option and command of the programs' --help has an entry, and nothing else has; the exit codes
are those of docs/; every key of the JSON Schema has an entry in protohost.yaml(5). First mandoc warns of a page that is wrong.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def output(*command):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, check=True).stdout


def lint(page):
    return subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], text=True, capture_output=True).stdout


def options_of(text):
    """Long options that a help offers at the beginning of a line."""
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.M))


def commands_of(program, *words):
    """Every command, `plugin new` for instance, with the options that its own help offers."""
    text = output(program, *words, "--help")
    listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    if not listed:
        return {" ".join(words): options_of(text) - {"--help"}}
    found = {}
    for name in re.findall(r"^  (\S+)", listed.group(1), re.M):
        found |= commands_of(program, *words, name)
    return found


def entries(page):
    """Lines that begin an entry of a list."""
    return re.findall(r"^\.It (.*)$", page.read_text(), re.M)


def options_in(entry):
    return {f"--{name}" for name in re.findall(r"\bFl Fl ([\w-]+)", entry)}


def check_options(page, program):
    wanted = options_of(output(program, "--help"))
    assert "--version" in wanted, f"{program} --help is not understood: {wanted}"
    said = set().union(*(options_in(each) for each in entries(page) if each.startswith("Fl")))
    assert said == wanted, f"{page.name}: options {sorted(wanted ^ said)} are here or there alone"


def check_commands(page, program):
    wanted = commands_of(program)
    assert len(wanted) > 15, f"{program} --help is not understood: {wanted}"
    said = {}
    for entry in entries(page):
        if entry.startswith("Ic"):
            words = re.match(r"((?:Ic \w+ ?)+)", entry).group(1)
            said[words.replace("Ic ", "").strip()] = options_in(entry)
    differs = {name for name in set(said) | set(wanted) if said.get(name) != wanted.get(name)}
    assert not differs, f"{page.name} and --help differ about {sorted(differs)}"


def check_exit_codes(page, document):
    wanted = set(re.findall(r"^\| (\d+) \|", document.read_text(), re.M))
    assert {"0", "2", "78"} <= wanted, f"{document} has lost its exit codes"
    said = {each for each in entries(page) if each.isdigit()}
    assert said == wanted, f"{page.name}: exit codes {sorted(wanted ^ said)} are here or in {document.name} alone"


def names_in(schema):
    """Names of all keys that a schema knows."""
    if isinstance(schema, list):
        return set().union(*map(names_in, schema))
    if not isinstance(schema, dict):
        return set()
    properties = schema.get("properties")
    names = set(properties) if isinstance(properties, dict) else set()
    return names.union(*map(names_in, schema.values()))


def check_keys(page, program):
    wanted = names_in(json.loads(output(program, "--schema")))
    assert {"listen", "backlog", "depends_on"} <= wanted, f"{program} --schema is not understood"
    # A group of a multicast, a pair of files: told with the key they belong to.
    text = page.read_text().replace("\\&", "")
    missing = {name for name in wanted if not re.search(rf"^\.It .*\b{name}\b|^\.Ql .*\b{name}\b", text, re.M)}
    assert not missing, f"{page.name} does not tell of {sorted(missing)}"


def main():
    source, daemon, control = (pathlib.Path(each).resolve() for each in sys.argv[1:])
    pages = source / "docs/man"
    with tempfile.NamedTemporaryFile("w", suffix=".1") as wrong:
        wrong.write(".Dd November 27, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Bl -tag\n.It a\n")
        wrong.flush()
        assert "WARNING" in lint(wrong.name) or "ERROR" in lint(wrong.name), "mandoc finds nothing wrong with a page that is"
    found = sorted(path.name for path in pages.iterdir())
    assert found == ["protohost-plugin.7", "protohost.yaml.5", "protohostctl.1", "protohostd.8"], found
    for page in pages.iterdir():
        warnings = lint(page)
        assert not warnings, warnings
    check_options(pages / "protohostd.8", daemon)
    check_options(pages / "protohostctl.1", control)
    check_commands(pages / "protohostctl.1", control)
    check_exit_codes(pages / "protohostd.8", source / "docs/operating.md")
    check_exit_codes(pages / "protohostctl.1", source / "docs/control.md")
    check_keys(pages / "protohost.yaml.5", daemon)
    print("the manual pages tell of everything")


if __name__ == "__main__":
    main()
