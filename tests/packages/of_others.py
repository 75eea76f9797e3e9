#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""of_others.py <source> <folder of packages> <scratch>: a stranger's package, made as docs/packaging.md says.

The SDK is what protohost-sdk unpacks to, the plugin is the README's. Without its contact no package is made.
"""
import os
import pathlib
import re
import shutil
import sys

import deb


def block(page, pattern):
    found = re.search(pattern, page.read_text(), re.S)
    assert found, f"{page} has lost its tested block"
    return found.group(1)


def configured(project, prefix):
    shutil.rmtree(project / "build", ignore_errors=True)
    return deb.run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={prefix}")


def main():
    source, packages, scratch = pathlib.Path(sys.argv[1]), deb.all_in(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
    shutil.rmtree(scratch, ignore_errors=True)
    project = scratch / "shout"
    project.mkdir(parents=True)
    for package in packages.values():
        package.extract(scratch / "root")
    lists = block(source / "docs/packaging.md", r"<!-- A test runs the next block. -->\n```cmake\n(.*?)```")
    (project / "shout.cpp").write_text(block(source / "README.md", r"cat > shout.cpp <<'END'\n(.*?)END\n"))
    (project / "shout.yaml").write_text('listeners:\n  shout: {listen: "tcp://127.0.0.1:7008", protocol: shout}\n')

    (project / "CMakeLists.txt").write_text(lists.replace('CONTACT "Jane Doe <jane@example.net>"', ""))
    refused = configured(project, scratch / "root/usr")
    assert refused.returncode != 0 and "needs CONTACT" in refused.stderr, f"without a contact:\n{refused.stderr}"

    (project / "CMakeLists.txt").write_text(lists)
    done = configured(project, scratch / "root/usr")
    assert done.returncode == 0, done.stderr
    build = project / "build"
    deb.output("cmake", "--build", build)
    os.umask(0o002)  # must not make a folder that the daemon refuses
    deb.output("cpack", "--config", build / "CPackConfig.cmake", "-B", build)

    made = deb.Deb(next(build.glob("protohost-shout_1.0_*.deb")))
    assert re.match(r"protohost \(>= [0-9.]+\), libc6", made.field("Depends")), made.field("Depends")
    assert made.control(scratch / "control").joinpath("conffiles").read_text() == "/etc/protohost/conf.d/shout.yaml\n"
    writable = [each.path for each in made.entries() if "w" in each.mode[5:]]
    assert not writable, f"others may write to {writable}"

    # Beside the daemon it is found, and its definition with it.
    made.extract(scratch / "root")
    root = scratch / "root"
    checked = deb.run(root / "usr/sbin/protohostd", "--check", "--config", root / "etc/protohost/protohost.yaml")
    assert checked.returncode == 0, checked.stderr
    (root / "etc/protohost/conf.d/shout.yaml").write_text((project / "shout.yaml").read_text().replace("shout}", "shuot}"))
    checked = deb.run(root / "usr/sbin/protohostd", "--check", "--config", root / "etc/protohost/protohost.yaml")
    assert checked.returncode == 78, f"its definition is not read: {checked.returncode}"
    print("a package of somebody else's is made, found and checked")


if __name__ == "__main__":
    main()
