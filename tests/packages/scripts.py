#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""scripts.py <folder of packages> <scratch>: what the scripts of the package protohost decide.

They run as they are, but for the paths, which lead into a folder, and with programs in their PATH that only tell what they were
asked. The real ones, and a real systemd, are in tests/systemd.
"""
import pathlib
import re
import shutil
import sys

import deb

STUBS = {
    # systemctl show --property NAME --value UNIT
    "systemctl": 'echo "systemctl $*" >>"$ROOT/calls"\ncase "$*" in\n'
                 '*User*) echo protohost ;; *MainPID*) echo 42 ;; *NeedDaemonReload*) cat "$ROOT/need" ;;\n'
                 '*is-active*) [ -e "$ROOT/active" ] ;; reload*) [ ! -e "$ROOT/rejects" ] ;;\nesac',
    "deb-systemd-invoke": 'echo "deb-systemd-invoke $*" >>"$ROOT/calls"; [ ! -e "$ROOT/fails" ]',
    "deb-systemd-helper": 'echo "deb-systemd-helper $*" >>"$ROOT/calls"; [ "$2" != was-enabled ] || [ ! -e "$ROOT/disabled" ]',
    "systemd-sysusers": 'echo "systemd-sysusers $*" >>"$ROOT/calls"',
    "systemd-tmpfiles": 'echo "systemd-tmpfiles $*" >>"$ROOT/calls"',
    # setpriv --reuid USER --regid GROUP --init-groups COMMAND...
    "setpriv": '[ "$1 $2 $5" = "--reuid protohost --init-groups" ] || exit 9\nshift 5; exec "$@"',
    "id": "echo 990",
}
DAEMON = '#!/bin/sh\necho "protohostd $*" >>"$ROOT/calls"; [ ! -e "$ROOT/broken" ]\n'


class Machine:
    """A root with the package's programs in it, in the state that `state` names."""

    def __init__(self, scripts, root, *state, booted=True):
        shutil.rmtree(root, ignore_errors=True)
        self.root, self.scripts = root, scripts
        for folder in ("bin", "usr/sbin", "proc/42", "etc/systemd/system", "etc/protohost/conf.d", "etc/protohost/tls", "var/lib/protohost"):
            (root / folder).mkdir(parents=True)
        if booted:
            (root / "run/systemd/system").mkdir(parents=True)
        for name, text in STUBS.items():
            self.program(f"bin/{name}", f"#!/bin/sh\n{text}\n")
        self.program("usr/sbin/protohostd", DAEMON)
        self.program("proc/42/exe", DAEMON + ("# an older one\n" if "older" in state else ""))
        (root / "need").write_text("yes" if "other unit" in state else "no")
        if "masked" in state:
            (root / "etc/systemd/system/protohost.service").symlink_to("/dev/null")
        for each in state:
            (root / each).touch()
        (root / "calls").touch()

    def program(self, path, text):
        (self.root / path).write_text(text)
        (self.root / path).chmod(0o755)

    def run(self, script, *arguments):
        """What was asked of the programs that matter; the script must end with 0."""
        text = re.sub(r'(?<![\w>])/(?=(usr|run|etc|var|proc)/)', f"{self.root}/", (self.scripts / script).read_text())
        place = self.root / script
        place.write_text(text)
        done = deb.run("dash", place, *arguments, env={"PATH": f"{self.root}/bin:/usr/bin:/bin", "ROOT": str(self.root)})
        assert done.returncode == 0, f"{script} {arguments} ended with {done.returncode}: {done.stderr}"
        self.said = done.stderr
        called = (self.root / "calls").read_text()
        return [line for line in called.splitlines() if not re.search("show|is-active|is-enabled|daemon-reload|was-enabled", line)]


CHECK = "protohostd --check"
START, RESTART, STOP = (f"deb-systemd-invoke {verb} protohost.service" for verb in ("start", "restart", "stop"))
RELOAD = "systemctl reload protohost.service"
MADE = ["systemd-sysusers protohost.conf", "systemd-tmpfiles --create protohost.conf", "deb-systemd-helper unmask protohost.service"]
ENABLE, NOT_ENABLED = "deb-systemd-helper enable protohost.service", "deb-systemd-helper update-state protohost.service"
# state of the machine, version before, what is asked behind MADE, what the script says
CONFIGURED = [
    ((), "", [ENABLE, CHECK, START], ""),
    (("broken",), "", [ENABLE, CHECK], "not started: mend"),
    (("fails",), "", [ENABLE, CHECK, START], "did not start"),
    (("masked",), "0.1.0-1", [ENABLE, CHECK, START], ""),
    (("active",), "0.1.0-1", [ENABLE, CHECK, RELOAD], ""),
    (("active", "older"), "0.1.0-1", [ENABLE, CHECK, RESTART], ""),
    (("active", "other unit"), "0.1.0-1", [ENABLE, CHECK, RESTART], ""),
    (("active", "older", "broken"), "0.1.0-1", [ENABLE, CHECK], "goes on as it is"),
    (("active", "older", "fails"), "0.1.0-1", [ENABLE, CHECK, RESTART], "did not start again"),
    (("older",), "0.1.0-1", [ENABLE], ""),
    (("active", "disabled"), "0.1.0-1", [NOT_ENABLED, CHECK, RELOAD], ""),
]


def check_configured(scripts, root):
    for state, before, wanted, said in CONFIGURED:
        machine = Machine(scripts, root, *state)
        asked = machine.run("postinst", "configure", before)
        assert asked == MADE + wanted, f"configure with {state} after {before!r}: {asked}"
        assert said in machine.said if said else not machine.said, f"configure with {state}: {machine.said!r}"
    asked = Machine(scripts, root, booted=False).run("postinst", "configure", "")
    assert asked == MADE + [ENABLE], f"configure without systemd: {asked}"


def check_triggered(scripts, root):
    for state, wanted, said in [(("active",), [RELOAD], ""), (("active", "rejects"), [RELOAD], "nothing was changed"), ((), [], "")]:
        machine = Machine(scripts, root, *state)
        asked = machine.run("postinst", "triggered", "/etc/protohost/conf.d")
        assert asked == wanted and said in machine.said, f"triggered with {state}: {asked}, {machine.said!r}"


def check_removed(scripts, root):
    asked = Machine(scripts, root, "active").run("prerm", "remove")
    assert asked == [STOP], f"a removal asks {asked}"
    asked = Machine(scripts, root, "active").run("prerm", "upgrade", "0.2.0-1")
    assert asked == [], f"the scripts of the former version ask {asked} before an upgrade"
    machine = Machine(scripts, root)
    machine.run("postrm", "remove")
    assert (root / "var/lib/protohost").exists(), "a removal that is no purge has taken the state"
    (root / "etc/protohost/tls/mine.pem").touch()
    machine.run("postrm", "purge")
    left = sorted(str(path.relative_to(root)) for folder in ("etc/protohost", "var/lib") for path in (root / folder).rglob("*"))
    assert left == ["etc/protohost/tls", "etc/protohost/tls/mine.pem"], f"the purge has left {left}"


def main():
    packages, scratch = deb.all_in(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for name, package in packages.items():
        control = package.control(scratch / name)
        for script in control.glob("p*"):
            if script.name in ("preinst", "postinst", "prerm", "postrm"):
                deb.output("dash", "-n", script)
                assert script.stat().st_mode & 0o777 == 0o755, f"{name}: {script.name} is not executable"
    for check in (check_configured, check_triggered, check_removed):
        check(scratch / "protohost", scratch / "root")
    print(f"{len(CONFIGURED)} ways to configure, and the others, end as they should")


if __name__ == "__main__":
    main()
