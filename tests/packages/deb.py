# SPDX-License-Identifier: MIT
"""What dpkg-deb says of a package."""
import dataclasses
import pathlib
import subprocess


def run(*command, **options):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)


def output(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclasses.dataclass
class Entry:
    mode: str
    owner: str
    size: str
    path: str


class Deb:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def field(self, name):
        return output("dpkg-deb", "-f", self.path, name).strip()

    def entries(self):
        """Every file and folder: `-rwxr-xr-x`, `root/root`, its size, `usr/bin/protohostctl`."""
        lines = output("dpkg-deb", "-c", self.path).splitlines()
        rows = [line.split(None, 5) for line in lines]
        return [Entry(row[0], row[1], row[2], row[5].removeprefix("./").rstrip("/")) for row in rows]

    def extract(self, folder):
        output("dpkg-deb", "-x", self.path, folder)

    def control(self, folder):
        """Its control files, in `folder`."""
        output("dpkg-deb", "-e", self.path, folder)
        return pathlib.Path(folder)


def all_in(folder):
    """The packages of a folder by their names."""
    found = {deb.field("Package"): deb for deb in map(Deb, sorted(pathlib.Path(folder).glob("*.deb")))}
    assert set(found) == {"protohost", "protohost-plugins", "protohost-sdk"}, f"{folder} has {sorted(found)}"
    return found
