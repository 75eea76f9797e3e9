# SPDX-License-Identifier: MIT
"""The pauses of something that is tried again and again, held against what its back-off says they are."""

# What the log may be off by, in milliseconds: it counts in them, and a pause is rounded up.
GRAIN = 2


class BackOff:
    """One that begins anew after whatever lived `reset_after`; all in milliseconds."""

    def __init__(self, initial, longest, jitter, reset_after):
        self.initial, self.longest, self.jitter, self.reset_after = initial, longest, jitter, reset_after
        self.chosen, self.late, self.faults = [], [], []
        self.resets = 0
        self._expected = None  # the longest that the next may be
        self._from = self._opened = None

    def opened(self, at):
        self._opened = at

    def pause(self, at, milliseconds):
        lived = at - self._opened if self._opened is not None else 0
        self._opened = None
        doubled = self.initial if self._expected is None else min(self._expected * 2, self.longest)
        anew = lived > self.reset_after + GRAIN
        if not anew and lived >= self.reset_after - GRAIN and self._within(milliseconds, self.initial):
            anew = True  # too close to say
        self.resets += anew
        self._expected = self.initial if anew else doubled
        if not self._within(milliseconds, self._expected):
            self.faults.append(f"a pause of {milliseconds} ms where at most {self._expected} ms were due")
        self.chosen.append(milliseconds)
        self._from = (at, milliseconds)

    def _within(self, milliseconds, longest):
        return longest * (1 - self.jitter) <= milliseconds <= longest

    def attempt(self, at):
        if self._from is None:
            return
        began, milliseconds = self._from
        self.late.append(at - began - milliseconds)
        if self.late[-1] < -GRAIN:
            self.faults.append(f"an attempt {-self.late[-1]} ms early")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
