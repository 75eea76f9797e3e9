#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bad_configurations.py <protohostd> <folder>: no bad configuration starts anything.

Every NAME.yaml of the folder is given to the real daemon, to check and to serve: exit code 78, on
standard error exactly what NAME.expected says, nothing on standard output, and no state left behind.
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def refused(daemon, arguments, file, environment):
    """What is wrong with the refusal of `file`, or nothing."""
    done = subprocess.run([daemon, *arguments, "--config", file.name], cwd=file.parent, env=environment,
                          capture_output=True, timeout=30)
    expected = file.with_suffix(".expected").read_bytes()
    if done.returncode != 78:
        return f"exit code {done.returncode}, not 78"
    if done.stderr != expected:
        return f"said {done.stderr!r}, not {expected!r}"
    return f"printed {done.stdout!r}" if done.stdout else ""


def main():
    daemon, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    files = sorted(folder.glob("*.yaml"))
    assert len(files) >= 40, f"only {len(files)} bad configurations"
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "HOME": scratch, "XDG_STATE_HOME": scratch, "TMPDIR": scratch}
        failures = [f"{file.name} {' '.join(arguments)}: {fault}"
                    for file in files for arguments in ([], ["--check"])
                    if (fault := refused(daemon, arguments, file, environment))]
        left = os.listdir(scratch)
    if failures or left:
        sys.exit("\n".join([*failures, *(f"left behind: {name}" for name in left)]))
    print(f"{len(files)} bad configurations refused, twice each")


if __name__ == "__main__":
    main()
