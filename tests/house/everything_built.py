#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""everything_built.py <root> <compile_commands.json>: no source stands in the tree that nothing compiles.

A folder of tests that no CMakeLists.txt names is never built and never fails.
"""
import json
import pathlib
import sys
import tempfile

# Compiled by a test, or by a target that has a compiler of its own.
BY_TESTS = ("tests/sdk/outside/", "tests/sdk/refused/", "tests/fuzz/")


def forgotten(root, commands):
    built = {pathlib.Path(command["file"]) for command in json.loads(commands.read_text())}
    for top in ("bench", "ctl", "daemon", "plugins", "sdk", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".c", ".cpp") and path not in built:
                if not path.relative_to(root).as_posix().startswith(BY_TESTS):
                    yield path


def prove():
    """The guard must see the one source that is not compiled."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        names = ("tests/a/built.cpp", "tests/a/forgotten.cpp", "tests/sdk/outside/theirs.cpp")
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        commands = root / "compile_commands.json"
        commands.write_text(json.dumps([{"file": str(root / names[0])}]))
        if list(forgotten(root, commands)) != [root / names[1]]:
            sys.exit("the guard itself is broken")


prove()
found = list(forgotten(*map(pathlib.Path, sys.argv[1:3])))
for path in found:
    print(f"{path}: nothing compiles it; name its folder in a CMakeLists.txt")
sys.exit(1 if found else 0)
