#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""content.py <folder of packages> <library folder> <version>: what the packages say of themselves, and hold.

What is not listed here is in no package by accident: files beside those named must be below the folders named.
"""
import hashlib
import pathlib
import re
import sys
import tempfile

import deb

FILES = {
    "protohost": ["etc/protohost/protohost.yaml", "etc/protohost/conf.d/README", "usr/sbin/protohostd", "usr/bin/protohostctl",
                  "usr/lib/systemd/system/protohost.service", "usr/lib/sysusers.d/protohost.conf",
                  "usr/lib/tmpfiles.d/protohost.conf", "usr/share/man/man8/protohostd.8.gz", "usr/share/man/man1/protohostctl.1.gz",
                  "usr/share/man/man5/protohost.yaml.5.gz", "usr/share/man/man7/protohost-plugin.7.gz",
                  "usr/share/bash-completion/completions/protohostctl", "usr/share/zsh/vendor-completions/_protohostctl",
                  "usr/share/protohost/protohost.schema.json",
                  "usr/share/doc/protohost/operating.md", "usr/share/doc/protohost/packaging.md",
                  "usr/share/doc/protohost/examples/echo.yaml", "usr/share/doc/protohost/examples/systemd/newer-systemd.conf",
                  "usr/share/doc/protohost/examples/systemd/relax-children.conf"],
    "protohost-plugins": [f"LIB/protohost/plugins/{name}.so" for name in ("echo", "udp-echo", "forward", "exec", "tcp-echo-server")],
    "protohost-sdk": ["usr/include/protohost/abi.h", "usr/include/protohost/plugin.hpp", "usr/include/protohost/testing.hpp",
                      "LIB/cmake/Protohost/ProtohostConfig.cmake", "LIB/cmake/Protohost/ProtohostPlugin.cmake",
                      "LIB/cmake/Protohost/ProtohostPackage.cmake", "LIB/pkgconfig/protohost.pc",
                      "usr/share/doc/protohost-sdk/README.md", "usr/share/doc/protohost-sdk/examples/tcp-echo-server.cpp"],
}
FOLDERS = {
    "protohost": ["usr/lib/systemd/catalog/", "etc/logrotate.d/", "usr/share/doc/protohost/"],
    "protohost-plugins": ["LIB/protohost/plugins/", "usr/share/doc/protohost-plugins/"],
    "protohost-sdk": ["usr/include/protohost/", "LIB/cmake/Protohost/", "usr/share/doc/protohost-sdk/"],
}
PROGRAMS = re.compile(r"usr/s?bin/|.*/plugins/[^/]*\.so$")


def check_modes(package, entries):
    for each in entries:
        wanted = "drwxr-xr-x" if each.mode[0] == "d" else "-rwxr-xr-x" if PROGRAMS.match(each.path) else "-rw-r--r--"
        assert each.mode == wanted and each.owner == "root/root", f"{package}: {each.path} is {each.mode} {each.owner}"


def check_files(package, entries, library):
    paths = {each.path for each in entries if each.mode[0] != "d"}
    wanted = {path.replace("LIB", f"usr/{library}") for path in FILES[package]}
    wanted |= {f"usr/share/doc/{package}/{name}" for name in ("copyright", "changelog.gz", "changelog.Debian.gz")}
    assert wanted <= paths, f"{package} lacks {sorted(wanted - paths)}"
    folders = tuple(folder.replace("LIB", f"usr/{library}") for folder in FOLDERS[package])
    strays = [path for path in paths - wanted if not path.startswith(folders)]
    assert not strays, f"{package} has {strays}"


def check_control(package, archive):
    """Sums are of what is there; everything in /etc is the operator's, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        control = archive.control(f"{folder}/control")
        archive.extract(f"{folder}/root")
        root = pathlib.Path(folder, "root")
        sums = dict(reversed(line.split("  ", 1)) for line in (control / "md5sums").read_text().splitlines())
        for path, wanted in sums.items():
            assert hashlib.md5((root / path).read_bytes()).hexdigest() == wanted, f"{package}: the sum of {path}"
        configuration = sorted(f"/{path.relative_to(root)}" for path in (root / "etc").rglob("*") if path.is_file())
        conffiles = control / "conffiles"
        said = sorted(conffiles.read_text().splitlines()) if conffiles.exists() else []
        assert said == configuration, f"{package}: conffiles are {said}, /etc has {configuration}"


def names_here():
    """Every package that is installed here, and every name that one of them provides."""
    said = deb.output("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}, ${Provides}\n")
    installed = [line.split(" ", 1)[1] for line in said.splitlines() if line.startswith("installed ")]
    return {name.split()[0] for line in installed for name in line.split(",") if name.strip()}


def check_dependencies(package, archive, known):
    depends = [each.strip() for each in archive.field("Depends").split(",") if each.strip()]
    for each in depends:
        alternatives = {name.split("(")[0].strip() for name in each.split("|")}
        assert alternatives & known, f"{package} depends on {each}, which nobody here can satisfy"
    if package == "protohost":
        assert any(each.startswith("libssl3") for each in depends), f"nobody has looked at its libraries: {depends}"
    if package == "protohost-plugins":
        assert any(re.match(r"protohost \(>= [0-9.]+\)$", each) for each in depends), depends


def main():
    folder, library, version = sys.argv[1:]
    packages = deb.all_in(folder)
    known = names_here() | set(packages)
    for package, archive in packages.items():
        entries = [each for each in archive.entries() if each.path not in ("", ".")]
        check_modes(package, entries)
        check_files(package, entries, library)
        check_control(package, archive)
        check_dependencies(package, archive, known)
        assert archive.field("Version") == f"{version}-1", archive.field("Version")
        assert len(archive.field("Description").splitlines()) > 3, f"{package} has no description"
    print("the packages hold what they should")


if __name__ == "__main__":
    main()
