# SPDX-License-Identifier: MIT
"""A real systemd to test against: booted in a container over an overlay of this machine's own root."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

# What a machine starts of itself, and a test has no need of; each would cost seconds of the boot.
UNWANTED = """
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer
    getty.target console-getty.service getty-static.service systemd-firstboot.service systemd-networkd.service systemd-resolved.service
    systemd-timesyncd.service systemd-logind.service systemd-update-utmp.service systemd-networkd-wait-online.service
    nginx.service haproxy.service stunnel4.service ssh.service cron.service docker.service containerd.service
    postgresql.service redis-server.service""".split()


class Unavailable(Exception):
    """Why this machine cannot boot one."""


def patiently(until, seconds, every=0.05):
    """What `until` gives once that is true, or at the end of the time."""
    deadline = time.monotonic() + seconds
    while not (found := until()) and time.monotonic() < deadline:
        time.sleep(every)
    return found


class Machine:
    """Boots when it is entered, and is gone when it is left, with all that was written in it."""

    def __init__(self, shown=()):
        """`shown` are folders that are seen inside, too, wherever they are mounted here."""
        self.name = f"protohost-test-{os.getpid()}"
        self.shown = shown
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="protohost-machine-"))
        self.root = self.folder / "root"
        self.nspawn = None
        self.leader = None
        self.mounted = []

    def __enter__(self):
        try:
            self.mount()
            self.prepare()
            self.boot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        if self.nspawn:
            try:
                os.kill(self.leader or self.nspawn.pid, signal.SIGRTMIN + 4)  # systemd's poweroff.target
            except ProcessLookupError:
                pass
            try:
                self.nspawn.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        for point in reversed(self.mounted):
            subprocess.run(["umount", "-l", point], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def mount(self):
        if os.geteuid() != 0:
            raise Unavailable("only root can mount an overlay and boot a container")
        if not shutil.which("systemd-nspawn"):
            raise Unavailable("there is no systemd-nspawn; it is in the package systemd-container")
        self.mount_at(self.folder, "-t", "tmpfs", "-o", "size=2g,mode=0755", "tmpfs")
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir()
        layers = f"lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work"
        self.mount_at(self.root, "-t", "overlay", "-o", layers, "overlay")

    def mount_at(self, point, *arguments):
        done = subprocess.run(["mount", *arguments, point], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"cannot mount at {point}: {done.stderr.strip()}")
        self.mounted.append(point)

    def prepare(self):
        system = self.root / "etc/systemd/system"
        for wanted in system.glob("*.wants"):
            shutil.rmtree(wanted)
        for unit in UNWANTED:
            place = system / unit
            if place.is_symlink() or place.exists():
                place.unlink()
            place.symlink_to("/dev/null")
        (self.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n", encoding="ascii")
        # Where this machine itself is a container, packages are told there to start nothing.
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        (self.root / "var/lib/man-db/auto-update").unlink(missing_ok=True)
        # A daemon may have run here, as root.
        for left in ("etc/protohost", "var/lib/protohost", "var/log/protohost"):
            shutil.rmtree(self.root / left, ignore_errors=True)
        # /etc/fstab is this machine's, and so is the journal that it has kept.
        (self.root / "etc/fstab").write_text("", encoding="ascii")
        shutil.rmtree(self.root / "var/log/journal", ignore_errors=True)

    def boot(self):
        with open(self.folder / "console", "wb") as console:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--boot", "--quiet", f"--directory={self.root}", "--private-network", "--register=no",
                 "--keep-unit", f"--machine={self.name}", "--console=pipe", "--link-journal=no",
                 *(f"--bind-ro={folder}" for folder in self.shown)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        if not patiently(self.find_leader, 20):
            raise Unavailable(f"systemd-nspawn starts nothing: {self.console()}")
        if not patiently(lambda: self.state() in ("running", "degraded"), 60):
            raise Unavailable(f"systemd does not come up, it is {self.state()!r}: {self.console()}")

    def console(self):
        return (self.folder / "console").read_text(errors="replace")[-2000:].strip()

    def find_leader(self):
        """The first process of the container: of the children of systemd-nspawn the one that has become systemd."""
        try:
            children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text(encoding="ascii")
            for child in map(int, children.split()):
                if pathlib.Path(f"/proc/{child}/comm").read_text(encoding="ascii") == "systemd\n":
                    self.leader = child
        except OSError:
            pass  # it has ended meanwhile
        return self.leader

    def state(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def inside(self, *command):
        """A command line that runs `command` in the container."""
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", *map(str, command)]

    def run(self, *command, check=True, timeout=120, **more):
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, check=False, timeout=timeout,
                              stdin=subprocess.DEVNULL, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def systemctl(self, *arguments, check=True, **more):
        return self.run("systemctl", *arguments, check=check, **more)

    def show(self, unit, name):
        """One property of a unit."""
        return self.systemctl("show", "--value", "-p", name, unit).stdout.strip()

    def write(self, path, text, mode=0o644):
        """A file in the container, and its folders."""
        place = self.root / str(path).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(mode)
        return place
