#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""service_test.py PACKAGES BUILD [unittest argument...]: the packages in a booted systemd, as an operator has them."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import machine
from machine import patiently

HERE = pathlib.Path(__file__).parent
PACKAGES, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
SOURCE = pathlib.Path(__file__).resolve().parents[2]
TIMES = int(os.environ.get("PROTOHOST_SCALE", "1"))  # 1: what CI has time for; 5: in full, and with times
SLACK = 0 if TIMES > 1 else 10  # seconds, on a machine that others use, too
PORT = 7007
MACHINE = machine.Machine(dict.fromkeys([SOURCE, BUILD]))
PLUGINS = f"/usr/lib/{os.uname().machine}-linux-gnu/protohost/plugins"


def setUpModule():
    try:
        MACHINE.__enter__()
    except machine.Unavailable as why:
        raise unittest.SkipTest(str(why)) from None
    for package in ("protohost_", "protohost-plugins_"):
        install(next(PACKAGES.glob(package + "*.deb")))


def tearDownModule():
    MACHINE.__exit__(None, None, None)


def install(package):
    return MACHINE.run("dpkg", "--force-confold", "-i", package)


def ask(port, text=b"hello\n", timeout=10):
    """What a server in the container answers to one line."""
    talk = ("import socket,sys\n"
            f"c=socket.create_connection(('127.0.0.1',{port}),timeout={timeout})\n"
            f"c.sendall({text!r})\nsys.stdout.buffer.write(c.recv(1000))")
    return MACHINE.run("/usr/bin/python3", "-c", talk, check=False).stdout


class Load:
    """load.py in the container, while the `with` lasts; then `counts` says how it went."""

    def __init__(self, port=PORT, threads=2):
        self.command = MACHINE.inside("/usr/bin/python3", HERE / "load.py", port, threads)
        self.counts = {}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        output, _ = self.process.communicate(timeout=120)
        self.counts = json.loads(output)
        print(f"\n{self.counts}", file=sys.stderr, flush=True)

    def count(self, how):
        return self.counts.get(how, 0)


def journal(*arguments):
    """The lines of the service as objects, oldest first."""
    MACHINE.run("journalctl", "--sync")
    lines = MACHINE.run("journalctl", "-u", "protohost", "-o", "json", "--no-pager", *arguments).stdout.splitlines()
    return [json.loads(line) for line in lines]


def messages():
    return [line.get("MESSAGE", "") for line in journal()]


class Case(unittest.TestCase):
    """Each begins with the service as the package left it, and one listener."""

    def setUp(self):
        MACHINE.run("sh", "-c", "rm -rf /etc/protohost/conf.d/*.yaml /etc/systemd/system/protohost.service.d")
        self.configure(f"listeners: {{echo: {{listen: tcp://127.0.0.1:{PORT}, protocol: echo}}}}\n", "echo.yaml")
        MACHINE.systemctl("daemon-reload")
        MACHINE.systemctl("reset-failed", check=False)
        MACHINE.systemctl("restart", "protohost")
        self.assertEqual(ask(PORT), "hello\n")

    def configure(self, text, name="test.yaml"):
        MACHINE.write(f"/etc/protohost/conf.d/{name}", text)

    def drop_in(self, text, name="test.conf"):
        MACHINE.write(f"/etc/systemd/system/protohost.service.d/{name}", text)
        MACHINE.systemctl("daemon-reload")

    def restart_count(self):
        return int(MACHINE.show("protohost", "NRestarts"))


class Life(Case):
    def test_is_active_and_says_what_it_serves(self):
        self.assertEqual(MACHINE.show("protohost", "ActiveState"), "active")
        self.assertRegex(MACHINE.show("protohost", "StatusText"), r"^Serving: 1 unit, \d+ connections?")

    def test_runs_as_its_user_with_one_right(self):
        pid = MACHINE.show("protohost", "MainPID")
        status = MACHINE.run("cat", f"/proc/{pid}/status").stdout
        user = MACHINE.run("id", "-u", "protohost").stdout.strip()
        self.assertIn(f"Uid:\t{user}\t{user}\t{user}\t{user}\n", status)
        self.assertIn("CapEff:\t0000000000000400\n", status)

    def test_reload_applies_a_change(self):
        self.configure("listeners: {other: {listen: tcp://127.0.0.1:7008, protocol: echo}}\n")
        MACHINE.systemctl("reload", "protohost")
        self.assertEqual(ask(7008), "hello\n")
        self.assertRegex(MACHINE.show("protohost", "StatusText"), r"^Serving: 2 units.*applied")

    def test_reload_of_what_is_broken_fails_with_the_message_and_changes_nothing(self):
        self.configure("listeners: {other: {listen: tcp://127.0.0.1:7008, protocol: nobody}}\n")
        done = MACHINE.systemctl("reload", "protohost", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(MACHINE.show("protohost", "ActiveState"), "active")
        self.assertRegex(MACHINE.show("protohost", "StatusText"), r"rejected: .*conf.d/test.yaml:1:\d+: listeners.other.protocol: ")
        self.assertTrue([line for line in messages() if re.search(r"conf.d/test.yaml:1:\d+: listeners.other.protocol: ", line)])
        self.assertEqual(ask(PORT), "hello\n")

    def test_a_broken_configuration_is_not_started_again(self):
        self.configure("listeners: {other: {listen: nowhere, protocol: echo}}\n")
        MACHINE.systemctl("restart", "protohost", check=False)
        self.assertEqual(MACHINE.show("protohost", "ActiveState"), "failed")
        self.assertEqual(MACHINE.show("protohost", "ExecMainStatus"), "78")
        self.assertEqual(self.restart_count(), 0)

    def test_stop_takes_unix_sockets_with_its_folder_and_elsewhere_the_next_start_replaces_them(self):
        paths = ["/run/protohost/echo.sock", "/var/lib/protohost/echo.sock"]
        self.configure("listeners: {run: {listen: 'unix://%s', protocol: echo}, lib: {listen: 'unix://%s', protocol: echo}}\n"
                       % tuple(paths))
        MACHINE.systemctl("reload", "protohost")

        def answers(path):
            talk = f"import socket\nc=socket.socket(socket.AF_UNIX)\nc.connect({path!r})\nc.sendall(b'hello')\nprint(c.recv(9))"
            return MACHINE.run("/usr/bin/python3", "-c", talk, check=False).stdout

        for then in ("restart", "stop"):
            self.assertEqual([answers(path) for path in paths], ["b'hello'\n"] * 2)
            MACHINE.systemctl(then, "protohost")
        self.assertEqual(MACHINE.run("ls", *paths, check=False).stdout, paths[1] + "\n")
        self.assertEqual(answers(paths[1]), "")
        MACHINE.systemctl("start", "protohost")
        self.assertEqual([answers(path) for path in paths], ["b'hello'\n"] * 2)

    def test_stop_ends_long_connections_within_the_drain_and_the_children(self):
        self.configure("listeners: {lasting: {listen: tcp://127.0.0.1:7009, protocol: lab, options: {drain: keep}, timeouts: {drain: 3s}}}\n"
                       "subprocesses: {child: {shell: 'sleep 1000 & exec sleep 1000'}}\n"
                       f"plugins: {{directories: [{BUILD}/tests/system/plugins]}}\n")
        MACHINE.systemctl("reload", "protohost")
        hold = ("import socket\nheld=[socket.create_connection(('127.0.0.1',7009)) for _ in range(200)]\n"
                "print('held',flush=True)\n[each.recv(100) for each in held]")
        holder = subprocess.Popen(MACHINE.inside("/usr/bin/python3", "-c", hold), stdout=subprocess.PIPE, text=True)
        self.assertEqual(holder.stdout.readline(), "held\n")
        with Load():
            began = time.monotonic()
            MACHINE.systemctl("stop", "protohost")
            took = time.monotonic() - began
        holder.kill()
        holder.communicate()
        self.assertLess(took, 3 + 1 + SLACK)
        self.assertEqual(MACHINE.show("protohost", "ExecMainStatus"), "0")
        self.assertEqual(MACHINE.show("protohost", "Result"), "success")
        self.assertEqual(MACHINE.run("pgrep", "-x", "sleep", check=False).stdout, "")


class Restarts(Case):
    def test_restarts_refuse_nobody(self):
        with Load() as load:
            for _ in range(20 * TIMES):
                MACHINE.systemctl("restart", "protohost")
        self.assertEqual(load.count("refused"), 0)
        self.assertGreater(load.count("served"), 100)

    def test_a_killed_daemon_is_back_and_refuses_nobody(self):
        slowest = 0
        with Load() as load:
            for _ in range(10 * TIMES):
                before = MACHINE.show("protohost", "MainPID")
                began = time.monotonic()
                MACHINE.run("kill", "-KILL", before)
                back = patiently(lambda: MACHINE.show("protohost", "MainPID") not in ("0", before)
                                 and MACHINE.show("protohost", "ActiveState") == "active", 10)
                slowest = max(slowest, time.monotonic() - began)
                self.assertTrue(back)
        print(f"\nback after at most {slowest:.2f} s", file=sys.stderr)
        self.assertEqual(load.count("refused"), 0)
        self.assertLess(slowest, 1.5 + SLACK)


class Watchdog(Case):
    def setUp(self):
        super().setUp()
        self.drop_in("[Service]\nWatchdogSec=2s\n")
        self.configure(f"plugins: {{directories: [{BUILD}/tests/system/plugins]}}\n"
                       "listeners: {lab: {listen: tcp://127.0.0.1:7009, protocol: lab}}\n")
        MACHINE.systemctl("restart", "protohost")

    def test_kills_a_stuck_loop_and_starts_it_again(self):
        before = MACHINE.show("protohost", "MainPID")
        self.assertEqual(ask(7009, b"hold /nowhere/at/all\n", timeout=0.2), "")
        began = time.monotonic()
        back = patiently(lambda: MACHINE.show("protohost", "MainPID") not in ("0", before)
                         and MACHINE.show("protohost", "ActiveState") == "active", 30)
        self.assertTrue(back)
        self.assertLess(time.monotonic() - began, 2 + 2 + SLACK)
        self.assertTrue(any("watchdog" in line.lower() for line in
                            MACHINE.run("journalctl", "-u", "protohost", "--no-pager").stdout.splitlines()))
        self.assertEqual(ask(PORT), "hello\n")

    def test_leaves_a_busy_one_alone(self):
        before = MACHINE.show("protohost", "MainPID")
        with Load(threads=8) as load:
            time.sleep(6)
        self.assertGreater(load.count("served"), 1000)
        self.assertEqual(MACHINE.show("protohost", "MainPID"), before)


class Activation(Case):
    def test_the_first_connection_starts_the_service(self):
        MACHINE.systemctl("stop", "protohost")
        MACHINE.write("/etc/systemd/system/protohost-web.socket",
                      "[Socket]\nListenStream=127.0.0.1:7010\nFileDescriptorName=web\nService=protohost.service\n")
        self.configure("listeners: {web: {listen: systemd:web, protocol: echo}}\n")
        MACHINE.systemctl("daemon-reload")
        MACHINE.systemctl("start", "protohost-web.socket")
        self.assertEqual(MACHINE.show("protohost", "ActiveState"), "inactive")
        self.assertEqual(ask(7010), "hello\n")
        self.assertEqual(MACHINE.show("protohost", "ActiveState"), "active")
        MACHINE.systemctl("restart", "protohost")
        self.assertEqual(ask(7010), "hello\n")
        MACHINE.systemctl("stop", "protohost-web.socket", "protohost")


class Journal(Case):
    def test_has_fields_and_explains_its_messages(self):
        self.configure("listeners: {other: {listen: tcp://127.0.0.1:7008, protocol: nobody}}\n")
        MACHINE.systemctl("reload", "protohost", check=False)
        lines = journal()
        listening = [line for line in lines if line.get("PROTOHOST_UNIT") == "echo" and "listening" in line["MESSAGE"]]
        self.assertTrue(listening)
        self.assertEqual(listening[-1]["PRIORITY"], "6")
        self.assertEqual(listening[-1]["SYSLOG_IDENTIFIER"], "protohostd")
        refused = [line for line in lines if line.get("CONFIG_FILE", "").endswith("conf.d/test.yaml")]
        self.assertTrue(refused)
        self.assertEqual(refused[-1]["CONFIG_LINE"], "1")
        self.assertEqual(refused[-1]["PRIORITY"], "3")
        explained = MACHINE.run("journalctl", "-u", "protohost", "-x", "--no-pager").stdout
        self.assertIn("man:protohostd(8)", explained)


class Package(Case):
    """A third party's: a plugin, and a definition of what serves with it."""

    def build(self, version, plugin):
        folder = pathlib.Path(tempfile.mkdtemp(dir=MACHINE.root / "srv"))
        (folder / "DEBIAN").mkdir()
        (folder / "DEBIAN/control").write_text(
            f"Package: tongue\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: a plugin\n",
            encoding="ascii")
        place = folder / PLUGINS.lstrip("/")
        place.mkdir(parents=True)
        shutil.copy(plugin, place / "tongue.so")
        (folder / "etc/protohost/conf.d").mkdir(parents=True)
        (folder / "etc/protohost/conf.d/tongue.yaml").write_text(
            "listeners: {tongue: {listen: tcp://127.0.0.1:7011, protocol: tongue, options: {greeting: hi}}}\n", encoding="ascii")
        package = folder.parent / f"tongue_{version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", folder, package], check=True, stdout=subprocess.DEVNULL)
        return "/srv/" + package.name

    def test_is_served_as_soon_as_it_is_installed_and_swapped_by_its_upgrade(self):
        install(self.build("1", BUILD / "tests/system/tongues/1/tongue.so"))
        self.assertEqual(ask(7011), "1 hi hello\n")
        install(self.build("2", BUILD / "tests/system/tongues/2/tongue.so"))
        self.assertEqual(ask(7011), "2 hi hello\n")
        MACHINE.run("dpkg", "--purge", "tongue")
        self.assertEqual(ask(7011), "")
        self.assertEqual(ask(PORT), "hello\n")

    def test_of_files_that_were_copied_is_served_after_a_reload(self):
        shutil.copy(BUILD / "tests/system/tongues/1/tongue.so", MACHINE.root / PLUGINS.lstrip("/"))
        self.configure("listeners: {tongue: {listen: tcp://127.0.0.1:7011, protocol: tongue, options: {greeting: hi}}}\n")
        self.assertEqual(ask(7011), "")
        MACHINE.systemctl("reload", "protohost")
        self.assertEqual(ask(7011), "1 hi hello\n")
        (MACHINE.root / PLUGINS.lstrip("/") / "tongue.so").unlink()

    def test_is_installed_again_under_load_and_refuses_nobody(self):
        with Load() as load:
            for package in ("protohost_", "protohost-plugins_"):
                install(next(PACKAGES.glob(package + "*.deb")))
        self.assertEqual(load.count("refused"), 0)
        self.assertEqual(ask(PORT), "hello\n")

    def test_with_a_broken_configuration_is_upgraded_all_the_same(self):
        before = MACHINE.show("protohost", "MainPID")
        self.configure("listeners: {other: {listen: nowhere, protocol: echo}}\n")
        for package in ("protohost_", "protohost-plugins_"):
            install(next(PACKAGES.glob(package + "*.deb")))
        self.assertEqual(MACHINE.show("protohost", "MainPID"), before)
        self.assertEqual(ask(PORT), "hello\n")


class Sandbox(Case):
    """The suite's own tests of the whole daemon, within the sandbox of the unit."""

    def sandbox(self):
        """The lines of the unit, and of its drop-ins, that say what a process may do."""
        unit = MACHINE.run("systemctl", "cat", "protohost").stdout
        sections = re.findall(r"^\[Service\]\n(.*?)(?=^\[|\Z)", unit, re.DOTALL | re.MULTILINE)
        of_the_daemon = re.compile(r"(Exec|Type|Notify|Restart|Start|Watchdog|Timeout|Kill|FileDescriptorStore|\w*Directory)")
        return [line for line in "".join(sections).splitlines() if re.match(r"\w+=", line) and not of_the_daemon.match(line)]

    def suite(self, name, chosen, more=()):
        lines = [*self.sandbox(), "Type=oneshot", f"BindReadOnlyPaths={SOURCE} {BUILD}", "StandardOutput=truncate:/srv/suite.log",
                 "StandardError=inherit", "TimeoutStartSec=900", "StateDirectory=suite", "Environment=TMPDIR=/var/lib/suite",
                 "WorkingDirectory=/var/lib/suite", *more,
                 f"ExecStart={BUILD}/bin/test_system --gtest_brief=1 --gtest_filter={chosen}"]
        MACHINE.write(f"/etc/systemd/system/{name}.service", "[Service]\n" + "\n".join(lines) + "\n")
        MACHINE.systemctl("daemon-reload")
        done = MACHINE.systemctl("start", name, check=False, timeout=1000)
        said = (MACHINE.root / "srv/suite.log").read_text(errors="replace")
        self.assertEqual(done.returncode, 0, said[-6000:])
        passed = re.search(r"\[  PASSED  \] (\d+) tests?", said)
        print(f"\n{name}: {passed.group(0) if passed else said[-300:]}", file=sys.stderr)
        return int(passed.group(1)) if passed else 0


class Hardened(Sandbox):
    # They need root, a compiler, or a look at all sockets in /proc/net. The daemon needs none of that.
    NOT_HERE = "*StartedByRoot* *FirstProcess* Outside* Reload.Udp* Reload.ThePath* Reload.BySignal*".split()

    def test_the_whole_daemon_passes_its_tests_in_the_sandbox(self):
        share = {} if TIMES > 1 else {"GTEST_TOTAL_SHARDS": 8, "GTEST_SHARD_INDEX": 3}
        more = [f"Environment={name}={value}" for name, value in share.items()]
        self.assertGreater(self.suite("suite", "-" + ":".join(self.NOT_HERE), more), 20)


class Relaxed(Sandbox):
    """What the sandbox keeps from programs: the plain unit says so, and what it says to do about it is done."""

    DEFINITIONS = """subprocesses:
  another: {shell: "setsid sleep 1000 & exec sleep 1000", user: daemon}
  grouped: {command: [sleep, "1000"], group: games}
  limited: {command: [sleep, "1000"], limits: {memlock: 1MiB, nproc: 2000, core: CORE}}
"""
    OF_EXEC = "listeners: {who: {listen: tcp://127.0.0.1:7012, protocol: exec, options: {command: [id, -un], user: daemon}}}\n"
    # No key is about cgroups, but a program may be: it makes one below its own.
    OF_ITS_OWN = """subprocesses:
  nested:
    shell: >-
      group=$(findmnt -rnt cgroup2 -o TARGET | head -1)$(sed -n s/^0:://p /proc/self/cgroup)/own &&
      mkdir $group && echo $$ > $group/cgroup.procs && echo in its own && exec sleep 1000
"""
    SHIPPED = "/usr/share/doc/protohost/examples/systemd/relax-children.conf"
    # The suite's tests that need root; but two put the daemon into a folder of nobody's, where root has no CAP_DAC_OVERRIDE.
    BY_ROOT = ("*StartedByRoot*:Exec.RunsAsAnother:UnixListener.BelongsToANumber*:Protohostctl.MayDo*:ExitCode.IsOneForAState*"
               "-*.BecomesTheUserWith*:*.ReloadsAsTheUser*")

    def setUp(self):
        super().setUp()
        # Whatever this machine allows, the plain unit has less, and "infinity" is more.
        self.drop_in("[Service]\nLimitMEMLOCK=64K\nLimitNPROC=1000\nLimitCORE=0\n", "10-little.conf")
        MACHINE.systemctl("restart", "protohost")
        # Above what the drop-in leaves as it is a limit takes CAP_SYS_RESOURCE, which not every machine's root has.
        bounds = int(re.search(r"CapBnd:\t(\w+)", MACHINE.run("cat", "/proc/1/status").stdout).group(1), 16)
        self.core = 1048576 if bounds >> 24 & 1 else 0

    def relax(self):
        MACHINE.run("install", "-Dm644", "-t", "/etc/systemd/system/protohost.service.d", self.SHIPPED)
        MACHINE.systemctl("daemon-reload")

    def refused(self):
        """What a reload in the plain unit says to do."""
        self.configure(self.DEFINITIONS.replace("CORE", str(self.core)))
        self.assertNotEqual(MACHINE.systemctl("reload", "protohost", check=False).returncode, 0)
        said = "\n".join(messages())
        remedies = set()
        for key, cause in (("another.user", r"only root may start a process with another user \(daemon\)"),
                           ("grouped.group", r"only root may start a process with another group \(games\)"),
                           ("limited.limits.memlock", r"1048576 is above the daemon's own hard limit \(65536\), and .*"),
                           ("limited.limits.nproc", r"2000 is above the daemon's own hard limit \(1000\), and .*")):
            found = re.search(rf"conf\.d/test\.yaml:\d+:\d+: subprocesses\.{re.escape(key)}: {cause} \(.*"
                              r"relax-children\.conf: (install .*)\)$", said, re.MULTILINE)
            self.assertTrue(found, f"{key}: {said[-3000:]}")
            remedies.add(found.group(1))
        self.assertEqual(len(remedies), 1)
        return remedies.pop()

    def process(self, name):
        """The files of a running subprocess in /proc."""
        def pid():
            shown = json.loads(MACHINE.run("protohostctl", "--json", "show", name).stdout)
            return shown["state"] == "ready" and shown["process"]["pid"]
        found = patiently(pid, 20)
        self.assertTrue(found, MACHINE.run("protohostctl", "show", name).stdout)
        return lambda file: MACHINE.run("cat", f"/proc/{found}/{file}").stdout

    def test_the_plain_unit_names_the_drop_in_which_allows_it(self):
        remedy = self.refused()
        self.assertEqual(ask(PORT), "hello\n")
        self.configure(self.OF_EXEC, "who.yaml")
        MACHINE.run("sh", "-c", remedy)
        user = MACHINE.run("id", "-u", "daemon").stdout.strip()
        status = self.process("another")("status")
        self.assertIn(f"Uid:\t{user}\t{user}\t{user}\t{user}\n", status)
        self.assertIn("CapEff:\t0000000000000000\n", status)
        group = MACHINE.run("getent", "group", "games").stdout.split(":")[2]
        self.assertIn(f"Gid:\t{group}\t{group}\t{group}\t{group}\n", self.process("grouped")("status"))
        limits = self.process("limited")("limits")
        self.assertRegex(limits, r"Max locked memory +1048576 +1048576 ")
        self.assertRegex(limits, r"Max processes +2000 +2000 ")
        self.assertRegex(limits, rf"Max core file size +{self.core} +{self.core} ")
        self.assertEqual(ask(7012), "daemon\n")
        self.assertEqual(ask(PORT), "hello\n")
        MACHINE.systemctl("reload", "protohost")
        MACHINE.systemctl("stop", "protohost")
        self.assertEqual(MACHINE.show("protohost", "Result"), "success")
        self.assertTrue(any("another: killed 1 process that it had left behind" in line for line in messages()))

    def test_programs_of_other_plugins_say_it_too(self):
        self.configure(self.OF_EXEC)
        MACHINE.systemctl("reload", "protohost")
        self.assertEqual(ask(7012), "")
        said = patiently(lambda: [line for line in messages() if "cannot start id" in line], 20)
        self.assertRegex(said[-1], r"Operation not permitted \(only root may .*relax-children\.conf: install ")

    def test_cgroups_are_writable_with_it_alone(self):
        self.configure(self.OF_ITS_OWN)
        MACHINE.systemctl("reload", "protohost")
        self.assertTrue(patiently(lambda: any("Read-only file system" in line for line in messages()), 20))
        self.relax()
        MACHINE.systemctl("restart", "protohost")
        self.assertTrue(patiently(lambda: "in its own" in messages(), 20), messages()[-20:])
        self.assertRegex(self.process("nested")("cgroup"), r"(?m)^0::.*/protohost\.service/own$")

    def test_the_daemon_passes_its_tests_by_root_with_it(self):
        self.relax()
        self.assertGreater(self.suite("by-root", self.BY_ROOT), 9)


class Removal(Case):
    def test_stops_it_and_a_purge_leaves_nothing(self):
        MACHINE.run("sh", "-c", "rm /etc/protohost/conf.d/*.yaml")  # the operator's own would stay
        MACHINE.run("dpkg", "--remove", "protohost-plugins", "protohost")
        self.assertEqual(MACHINE.show("protohost", "ActiveState"), "inactive")
        self.assertTrue((MACHINE.root / "etc/protohost/protohost.yaml").exists())
        MACHINE.run("dpkg", "--purge", "protohost-plugins", "protohost")
        for place in ("/etc/protohost", "/var/lib/protohost", "/run/protohost", "/var/log/protohost", PLUGINS):
            self.assertEqual(MACHINE.run("ls", "-d", place, check=False).stdout, "")
        for package in ("protohost_", "protohost-plugins_"):
            install(next(PACKAGES.glob(package + "*.deb")))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
