#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""unpacked.py <folder of packages> <root>: dpkg unpacks the packages into a root of their own, and what is there works.

The daemon finds its plugins beside itself, accepts the configuration of the package and a definition that another package brings,
and refuses one whose plugin is not there. Nothing of this machine is touched.
"""
import json
import os
import pathlib
import shutil
import sys

import jsonschema
import yaml

import deb


def unpack(packages, root):
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    # Unpacked and not configured: scripts would run in a root where there is no shell.
    deb.output("dpkg", f"--root={root}", "--log=/dev/null", "--force-not-root,depends", "--unpack",
               *[each.path for each in packages.values()])
    for name in packages:
        state = deb.output("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${db:Status-Status}", name)
        assert state == "unpacked", f"{name} is {state}"
    # As configuring would.
    for new in (root / "etc").rglob("*.dpkg-new"):
        new.rename(new.with_suffix(""))


def check(root, environment):
    program = root / "usr/sbin/protohostd"
    return deb.run(program, "--check", "--config", root / "etc/protohost/protohost.yaml", env=environment)


def main():
    packages, root = deb.all_in(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unpack(packages, root)
    temporary = root / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "STATE_DIRECTORY": str(root / "var/lib/protohost")}

    checked = check(root, environment)
    assert checked.returncode == 0, f"the configuration of the package:\n{checked.stderr}"
    schema = json.loads((root / "usr/share/protohost/protohost.schema.json").read_text())
    jsonschema.validate(yaml.safe_load((root / "etc/protohost/protohost.yaml").read_text()), schema)

    definition = root / "etc/protohost/conf.d/echo.yaml"
    shutil.copy(root / "usr/share/doc/protohost/examples/echo.yaml", definition)
    checked = check(root, environment)
    assert checked.returncode == 0, f"an example with a shipped plugin:\n{checked.stderr}"
    definition.write_text(definition.read_text().replace("protocol: echo", "protocol: ohce"))
    checked = check(root, environment)
    assert checked.returncode == 78 and "ohce" in checked.stderr, f"{checked.returncode}: {checked.stderr}"
    print("what dpkg has unpacked checks its configuration")


if __name__ == "__main__":
    main()
