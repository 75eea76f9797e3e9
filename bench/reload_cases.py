# SPDX-License-Identifier: MIT
"""What bench/reload does: each case plays reloads under a load and says what it found, as rows."""
import os
import signal
import time

import refusals
from reload_case import Case
from reloaded import PEERS, PLUGINS
from servers import free_ports
from visitors import harm


class Unchanged(Case):
    title = "Reloads of an unchanged configuration"

    def run(self):
        size = self.size
        with self.under_load() as (daemon, visitors):
            alone = visitors.during(size.seconds)
            sockets = daemon.sockets()
            times, settled = [], []

            def step(number):
                if number == size.settle:
                    settled.append(daemon.holdings())
                times.append(daemon.reload("unchanged"))

            seconds = self.paced(size.reloads, size.each, step)
            during = visitors.report()
            after = daemon.holdings()
            at_last = visitors.ask_the_idle()
            self.row(daemon, "reloads", len(times), note=f"in {seconds:.1f} s")
            self.rows_of_harm(daemon, alone, during, at_last)
            self.row(daemon, "sockets that were replaced", differing(sockets, daemon.sockets()), 0)
            self.rows_of_stalls(daemon, alone, during, bound=True)
            self.rows_of_growth(daemon, settled[0], after)
            self.row_of_times(daemon, "a reload", times, 50)
        for kind in PEERS:
            if kind.missing(self.settings.build) is None:
                self.run_peer(kind)

    def run_peer(self, kind):
        """Its configuration changes in what it answers, which shows when the new one serves."""
        with self.under_load(kind) as (server, visitors):
            alone = visitors.during(self.size.seconds)
            times = []

            def step(_):
                # Old and new accept side by side for a while; the last one is over by now.
                visitors.must(server.identities())
                server.new_version()
                server.rewrite()
                visitors.may(server.identities())
                begin = time.monotonic()
                server.begin_reload()
                server.wait_for(server.identity(server.places[-1]), server.places[-1])
                times.append(time.monotonic() - begin)

            self.paced(self.size.peer_reloads, self.size.peer_each, step)
            during = visitors.report()
            self.row(server, "reloads", len(times))
            self.rows_of_harm(server, alone, during, bound=None)
            self.rows_of_stalls(server, alone, during)
            self.row_of_times(server, "until the new one answers", times)


def differing(before, after):
    return sum(after.get(port) != inode for port, inode in before.items())


class OneOfMany(Case):
    title = "Each reload changes one listener of 50"
    changes = ("limits", "timeouts", "write_buffer", "options", "address")

    def run(self):
        size = self.size
        with self.under_load() as (daemon, visitors):
            alone = visitors.during(size.seconds)
            sockets = daemon.sockets()
            main = [place.port for place in daemon.places]
            spare = free_ports(len(daemon.places))
            times, settled = [], []

            def step(number):
                if number == size.settle:
                    settled.append(daemon.holdings())
                    # They are gone at the end.
                    settled[0]["descriptors"] -= sum(place.also is not None for place in daemon.places)
                place = daemon.places[number * 7 % len(daemon.places)]
                self.change(place, number, spare)
                daemon.rewrite()
                coming = {place.number: daemon.identity(place)}
                visitors.may(coming)
                times.append(daemon.reload())
                visitors.must(coming)

            self.paced(size.reloads, size.each, step)
            during = visitors.report()
            for place in daemon.places:
                place.also = None
            daemon.rewrite()
            daemon.ask("reload")
            at_last = visitors.ask_the_idle()
            after = daemon.holdings()
            now = daemon.sockets()
            replaced = sum(now.get(port) != sockets[port] for port in main)
            self.row(daemon, "reloads", len(times), note=", ".join(self.changes) + " in turn")
            self.rows_of_harm(daemon, alone, during, at_last)
            self.row(daemon, "sockets that were replaced", replaced, 0)
            self.rows_of_stalls(daemon, alone, during, bound=True)
            self.rows_of_growth(daemon, settled[0], after)
            self.row_of_times(daemon, "a reload", times)

    def change(self, place, number, spare):
        what = self.changes[number % len(self.changes)]
        if what == "limits":
            place.keys["limits"] = f"{{connections: {5000 + number}}}"
        elif what == "timeouts":
            place.keys["timeouts"] = f"{{idle: {3600 + number}s}}"
        elif what == "write_buffer":
            place.keys["write_buffer"] = f"{{high: {64 + number}KiB}}"
        elif what == "options":
            place.says = f"{place.name}-{number}"
        else:
            place.also = None if place.also else spare[place.number]


class Swaps(Case):
    title = "Each reload brings a new version of one of four plugins"

    def run(self):
        size = self.size
        with self.under_load() as (daemon, visitors):
            versions = dict.fromkeys(PLUGINS, daemon.version)
            identity = lambda place: f"{versions[place.plugin]}.{place.says}"
            times, settled = [], []

            def step(number):
                if number == size.settle:
                    settled.append(daemon.holdings())
                name = PLUGINS[number % len(PLUGINS)]
                daemon.new_version()
                versions[name] = daemon.version
                daemon.install(name)
                coming = {place.number: identity(place) for place in daemon.places if place.plugin == name}
                visitors.may(coming)
                times.append(daemon.reload())
                visitors.must(coming)
                visitors.tell(f"renew {size.renewed}")

            alone = visitors.during(size.seconds)
            self.paced(size.swaps, size.each * 2, step)
            during = visitors.report()
            at_last = visitors.ask_the_idle()
            after = daemon.holdings()
            states = [each["state"] for each in daemon.ask("list", what="generations")]
            self.row(daemon, "swaps", len(times),
                     note=f"{states.count('draining')} generations still answer, {states.count('retired')} are retired")
            self.rows_of_harm(daemon, alone, during, at_last)
            self.rows_of_stalls(daemon, alone, during, bound=True)
            self.row_of_times(daemon, "a reload with a probe and a load", times)
            self.rows_of_growth(daemon, settled[0], after,
                                f"in {len(times) - size.settle} swaps: what is replaced stays mapped")


class Times(Case):
    title = "How long a reload takes"

    def run(self):
        for listeners, bound in ((self.size.listeners, 50), (self.size.many, 500)):
            with self.under_load(listeners=listeners) as (daemon, visitors):
                alone = visitors.during(self.size.seconds / 2)
                unchanged, changed, commits = [], [], []

                def change(number):
                    daemon.places[number % listeners].keys["limits"] = f"{{connections: {5000 + number}}}"
                    daemon.rewrite()
                    changed.append(daemon.reload())
                    commits.append(daemon.ask("status")["reloads"]["last"][0]["commit_ms"] / 1000)

                # Apart, so that none waits for others that may be asked for with it.
                self.paced(self.size.timed, 0.025, lambda _: unchanged.append(daemon.reload("unchanged")))
                of_unchanged = visitors.report()
                self.paced(self.size.timed, 0.025, change)
                during = visitors.report()
                self.row_of_times(daemon, f"unchanged, {listeners} listeners", unchanged, bound)
                self.row_of_times(daemon, f"one changed, {listeners} listeners", changed)
                self.row_of_times(daemon, f"of that the turn of the loop, {listeners} listeners", commits, 10)
                self.rows_of_stalls(daemon, alone, of_unchanged, True, f", {listeners} listeners")
                self.rows_of_harm(daemon, alone, of_unchanged, during)


class Refusals(Case):
    title = "Bad configurations and bad plugins, a good reload after each"

    def run(self):
        classes = refusals.CONFIGURATIONS | refusals.PLUGINS
        rounds = list(classes.items())
        wanted = max(self.size.alternations, len(rounds))
        turns = [rounds[number % len(rounds)] for number in range(wanted)]
        if self.size.hangs:
            turns += refusals.HANGS.items()
        with self.under_load() as (daemon, visitors):
            alone = visitors.during(self.size.seconds)
            sockets = daemon.sockets()
            faults, failed_good, settled = [], 0, None
            for number, (name, (make, pattern)) in enumerate(turns):
                if number == len(rounds):
                    settled = daemon.holdings()
                faults += refusals.refuse(daemon, name, make, pattern, number < len(rounds))
                refusals.mend(daemon)
                failed_good += not self.good_one(daemon, visitors, number)
            during = visitors.report()
            at_last = visitors.ask_the_idle()
            self.row(daemon, "classes", len(classes) + (len(refusals.HANGS) if self.size.hangs else 0))
            self.row(daemon, "refusals", len(turns))
            self.row(daemon, "not refused as they should", len(faults), 0, note="; ".join(sorted(set(faults))[:5]))
            self.row(daemon, "good reloads after them that failed", failed_good, 0)
            self.rows_of_harm(daemon, alone, during, at_last)
            self.row(daemon, "sockets that were replaced", differing(sockets, daemon.sockets()), 0)
            if settled:
                self.rows_of_growth(daemon, settled, daemon.holdings())

    @staticmethod
    def good_one(daemon, visitors, number):
        place = daemon.places[number % len(daemon.places)]
        place.says = f"{place.name}-{number}"
        daemon.rewrite()
        coming = {place.number: daemon.identity(place)}
        visitors.may(coming)
        done = daemon.run("reload")
        visitors.must(coming)
        return done.returncode == 0


class SwapAddresses(Case):
    title = "Two listeners swap their addresses in each reload"

    def run(self):
        with self.under_load() as (daemon, visitors):
            alone = visitors.during(self.size.seconds / 2)
            sockets = daemon.sockets()

            def step(number):
                one, other = daemon.places[number * 2 % 50], daemon.places[(number * 2 + 25) % 50]  # never the same
                one.port, other.port = other.port, one.port
                # The load counts its places by their ports.
                one.number, other.number = other.number, one.number
                daemon.rewrite()
                coming = {place.number: daemon.identity(place) for place in (one, other)}
                visitors.may(coming)
                daemon.reload()
                visitors.must(coming)

            count = self.size.swaps
            self.paced(count, self.size.each, step)
            during = visitors.report()
            at_last = visitors.ask_the_idle()
            self.row(daemon, "reloads", count)
            self.rows_of_harm(daemon, alone, during, at_last)
            self.row(daemon, "sockets that were replaced", differing(sockets, daemon.sockets()), 0)


class Coalesce(Case):
    title = "Many requests at once"
    requests = 50
    sessions = 30  # as many as one user may have at a time, nearly

    def run(self):
        with self.under_load() as (daemon, visitors):
            visitors.report()
            ran = self.ran(daemon, self.at_once)
            self.row(daemon, "requests in one moment", self.sessions, note="of which all are there when it looks")
            self.row(daemon, "reloads that ran", ran, 2)
            self.row(daemon, "other content than the last serves", self.other_content(daemon), 0)
            took = []
            ran = self.ran(daemon, lambda daemon: took.append(self.spread(daemon)))
            self.row(daemon, "requests one after the other", self.requests,
                     note=f"within {took[0] * 1000:.1f} ms, each of other content")
            # Sent more slowly there may be more, and this says nothing.
            self.row(daemon, "reloads that ran then", ran, 2 if took[0] <= 0.01 else None)
            self.row(daemon, "other content than the last serves", self.other_content(daemon), 0)
            report = visitors.report()
            total = harm(report)
            self.row(daemon, "refused, reset, ended early", sum(total[key] for key in ("refused", "reset", "ended")), 0)

    def ran(self, daemon, ask):
        """How many reloads it takes to be where the last request wants it."""
        count = lambda: sum(daemon.ask("status")["reloads"][key] for key in ("applied", "unchanged", "rejected"))
        before = count()
        ask(daemon)
        daemon.wait_for(daemon.identity(daemon.places[0]), daemon.places[0])
        daemon.wait_until_serving()
        return count() - before

    @staticmethod
    def other_content(daemon):
        return int(daemon.answer(daemon.places[0]) != daemon.identity(daemon.places[0]))

    def at_once(self, daemon):
        """They come while the daemon is held up, so that none is there before another."""
        asking = [daemon.connect() for _ in range(self.sessions)]
        daemon.process.send_signal(signal.SIGSTOP)
        for number, session in enumerate(asking):
            daemon.places[0].says = f"l0-once-{number}"
            daemon.rewrite()
            daemon.send(session, "reload")
        daemon.process.send_signal(signal.SIGCONT)
        for session in asking:
            daemon.receive(session)
            session.close()

    def spread(self, daemon):
        files = []
        for number in range(self.requests):
            daemon.places[0].says = f"l0-{number}"
            files.append(daemon.write(f"next-{number}", daemon.text()))
        begin = time.monotonic()
        for file in files:
            os.rename(file, daemon.configuration)
            daemon.process.send_signal(signal.SIGHUP)
        return time.monotonic() - begin


CASES = {"unchanged": Unchanged, "one-of-50": OneOfMany, "swaps": Swaps, "times": Times,
         "refusals": Refusals, "swap-addresses": SwapAddresses, "coalesce": Coalesce}
