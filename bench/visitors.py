# SPDX-License-Identifier: MIT
"""The load of bench/reload: bench_visitors, which keeps its rate whatever the server does."""
import json
import os
import subprocess
import time

# What must not happen to a visit. Beside these there is `answered`.
HARM = ("refused", "reset", "ended", "wrong", "silent", "failed")


class Visitors:
    """Visits the places, [(port, identity)], from start to stop."""

    def __init__(self, settings, places, rate, idle, echoing):
        self.established = idle + echoing
        self._process = subprocess.Popen(
            [*settings.load_prefix, os.path.join(settings.build, "bin", "bench_visitors"),
             "--rate", str(rate), "--idle", str(idle), "--echoing", str(echoing)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.tell(*(f"place {port} {identity}" for port, identity in places), "start")
        if self._line() != "ready":
            raise SystemExit("reload: the load does not begin")

    def tell(self, *lines):
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def may(self, changes):
        """{place: identity}: a reload has begun that brings these."""
        self.tell(*(f"may {place} {identity}" for place, identity in changes.items()))

    def must(self, changes):
        """It has been applied: whoever connects from now on is answered so."""
        self.tell(*(f"must {place} {identity}" for place, identity in changes.items()))

    def report(self):
        """What happened since the last report."""
        self.tell("report")
        return json.loads(self._line())

    def during(self, seconds):
        self.report()
        time.sleep(seconds)
        return self.report()

    def ask_the_idle(self):
        """All idle connections ask once; a report up to where all have their answer."""
        self.tell("ask")
        whole = self.report()
        while whole["to_ask"] > 0:
            time.sleep(0.05)
            more = self.report()
            for who in ("newcomers", "established"):
                for key, number in more[who].items():
                    whole[who][key] += number
            for key in ("open", "to_ask"):
                whole[key] = more[key]
            whole["wrong"] = whole["wrong"] or more["wrong"]
        return whole

    def stop(self):
        self._process.stdin.close()
        self._process.wait()

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("reload: the load has ended")
        return line.rstrip("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def harm(*reports, who=("newcomers", "established")):
    """{what: how often}, of what must not happen."""
    return {what: sum(report[whom][what] for report in reports for whom in who) for what in HARM}


def answered(report):
    return report["newcomers"]["answered"] + report["established"]["answered"]
