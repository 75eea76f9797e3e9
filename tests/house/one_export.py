#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""one_export.py <folder>...: what a plugin file shows is what the daemon expects, and nothing more."""
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

ENTRY = "protohost_plugin_entry_v1"


def read(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def complaints_about(file):
    defined = [line.split()[:2] for line in read("nm", "-D", "--defined-only", "-P", file).splitlines()]
    for name, kind in defined:
        if kind == "u":
            yield f"GNU unique symbol {name}: it pins the file in memory; compile with -fno-gnu-unique"
        elif name != ENTRY:
            yield f"exports {name}: link with protohost_plugin.map, or use protohost_add_plugin()"
    if ENTRY not in (name for name, _ in defined):
        yield f"does not export {ENTRY}: end the plugin with PROTOHOST_PLUGIN(...)"
    sections = read("readelf", "-S", "-W", file)
    if not re.search(r"\.note\.protohost\.plugin\s+NOTE", sections):
        yield "has no protohost note: end the plugin with PROTOHOST_PLUGIN(...)"
    if not re.search(r"Build ID: [0-9a-f]{40}", read("readelf", "-n", "-W", file)):
        yield "has no SHA-1 build-id: link with --build-id=sha1"
    if stat.S_IMODE(file.stat().st_mode) != 0o755:
        yield "its mode is not 0755, whatever the umask was: protohost_add_plugin() sets it"
    if stat.S_IMODE(file.parent.stat().st_mode) & 0o022:
        yield f"others may write to {file.parent}: protohost_add_plugin() sets its mode to 0755"


def check(files):
    return [f"{file}: {why}" for file in files for why in complaints_about(file)]


def prove():
    """The guard must see every fault of a careless plugin."""
    source = "inline int shared() { static int count; return ++count; }\nint extra() { return shared(); }\n"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "careless.so"
        subprocess.run(["g++", "-xc++", "-", "-shared", "-fPIC", "-Wl,--build-id=none", "-o", file],
                       input=source, text=True, check=True)
        file.chmod(0o775)
        pathlib.Path(folder).chmod(0o777)
        text = "\n".join(check([file]))
    for word in ("GNU unique symbol", "exports _Z5extrav", f"does not export {ENTRY}", "no protohost note",
                 "no SHA-1 build-id", "mode is not 0755", "others may write"):
        if word not in text:
            sys.exit(f'the guard itself is broken: it does not see "{word}" in\n{text}')


prove()
plugins = [file for folder in sys.argv[1:] for file in sorted(pathlib.Path(folder).rglob("*.so"))]
complaints = check(plugins)
print(*complaints, sep="\n")
print(f"{len(plugins)} plugins, {len(complaints)} complaints")
sys.exit(1 if complaints or not plugins else 0)
