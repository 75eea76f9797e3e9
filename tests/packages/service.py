#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""service.py <source> <folder of packages> <scratch>: systemd has nothing to say against the unit and its drop-ins, and rates its sandbox.

First each of the two finds a unit that is wrong, or open.
"""
import pathlib
import re
import shutil
import sys

import deb

# Of the ten that a unit without a sandbox has, in tenths.
THRESHOLD = 20
# What an older systemd says of newer-systemd.conf is that it does not know these.
NEWER = ("notify-reload", "RestartSteps", "RestartMaxDelaySec", "FileDescriptorStorePreserve")


def unit_at(source, packages, scratch, name, change=lambda text: text, drop_in=None):
    """The unit in a folder of its own, with the programs of the package where they are unpacked."""
    folder = scratch / name
    root = scratch / "root"
    if not root.exists():
        packages["protohost"].extract(root)
    folder.mkdir()
    text = (root / "usr/lib/systemd/system/protohost.service").read_text()
    unit = folder / "protohost.service"
    unit.write_text(change(re.sub(r"(?m)^(Exec\w+=)(/usr/)", rf"\1{root}\2", text)))
    if drop_in:
        (folder / "protohost.service.d").mkdir()
        shutil.copy(source / "systemd" / drop_in, folder / "protohost.service.d")
    return unit


def verified(unit):
    """What systemd-analyze verify says of it."""
    return deb.run("systemd-analyze", "verify", "--man=no", unit).stderr.strip()


def is_closed(unit):
    done = deb.run("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={THRESHOLD}", unit)
    said = done.stdout.strip().splitlines()[-1:]
    assert said and "Overall exposure level" in said[0], f"systemd-analyze security: {done.stdout}{done.stderr}"
    return done.returncode == 0, said[0]


def main():
    source, packages, scratch = pathlib.Path(sys.argv[1]), deb.all_in(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: scripts/prepare test"

    def at(name, **how):
        return unit_at(source, packages, scratch, name, **how)

    wrong = at("wrong", change=lambda text: text.replace("WatchdogSec=", "WatchDogSec="))
    assert "WatchDogSec" in verified(wrong), "a key that is misspelt is not found"
    exposed = at("exposed", change=lambda text: re.sub(r"(?m)^(SystemCallFilter|ProtectSystem|CapabilityBoundingSet)=.*\n", "", text))
    assert not is_closed(exposed)[0], "a unit with half a sandbox passes"

    unit = at("unit")
    said = verified(unit)
    assert said == "", f"systemd-analyze verify:\n{said}"
    closed, exposure = is_closed(unit)
    assert closed, exposure

    relaxed = verified(at("relaxed", drop_in="relax-children.conf"))
    assert relaxed == "", f"relax-children.conf:\n{relaxed}"
    strange = [line for line in verified(at("newer", drop_in="newer-systemd.conf")).splitlines()
               if not any(word in line for word in NEWER)]
    assert not strange, f"newer-systemd.conf:\n{strange}"
    print(exposure)


if __name__ == "__main__":
    main()
