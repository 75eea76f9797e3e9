# SPDX-License-Identifier: MIT
"""over_tls.yaml: against what each scenario of streams is played over TLS, and why not against asyncio's own."""
import dataclasses

from . import nodes

KEYS = ("against", "scenarios", "reason", "decision", "sees", "expect", "whole")
AGAINST = ("tls", "tcp", "nothing")


@dataclasses.dataclass(frozen=True)
class Over:
    """How one scenario is played over TLS. `against`: asyncio over TLS, or asyncio without it, which streams are to equal all
    the same. `sees`: line of a trace -> what TLS makes of it. `whole`: why not with --inject, or empty."""
    against: str
    sees: dict = dataclasses.field(default_factory=dict)
    expect: dict = dataclasses.field(default_factory=dict)
    whole: str = ""

    def seen(self, lines):
        """Lines without TLS as they are with it."""
        return {side: [self.sees.get(line, line) for line in found] for side, found in lines.items()}


def named(file, scenarios, against=""):
    """`scenarios` as `file` has them played, or all of them `against` the same. Those without a place in it are played against
    asyncio over TLS."""
    places = _places(file)
    return [applied(one, Over(against) if against else places[one.name][0] if one.name in places else Over("tls"))
            for one in scenarios]


def everything(file, scenarios):
    """Those of all scenarios that are played over TLS. A ScenarioError where one of streams has no place in `file`."""
    places = _places(file)
    streams = {one.name: one for one in scenarios if one.streams}
    for name in sorted(streams.keys() - places.keys()):
        raise nodes.ScenarioError(f"{file}: {name} is neither played over TLS nor has a reason (try run --tls FILE, and name it)")
    for name in sorted(places.keys() - streams.keys()):
        places[name][1].fail(f"{name} is no scenario of streams", "remove it")
    return [applied(one, places[name][0]) for name, one in streams.items() if places[name][0].against != "nothing"]


def applied(scenario, over):
    """`scenario` as it is played that way."""
    if over.whole:
        scenario = dataclasses.replace(scenario, chunks="exact")
    if over.expect:
        return dataclasses.replace(scenario, over_tls=over, expect=over.expect, differs=scenario.differs or "TLS")
    return dataclasses.replace(scenario, over_tls=over, expect=over.seen(scenario.expect))


def _places(file):
    """Name -> how it is played, and where that stands."""
    places = {}
    for group in nodes.load(str(file)).list():
        over, names = _group(group)
        for item in names:
            if item.string() in places:
                item.fail(f"{item.text} is here twice", "each scenario is played one way")
            places[item.text] = over, item
    return places


def _group(group):
    keys = group.mapping(KEYS, required=("against", "scenarios"))
    against = keys["against"].choice(AGAINST)
    if (against == "tls") == ("reason" in keys):
        group.fail("against and reason do not go together",
                   "what is played against asyncio's TLS needs no reason, everything else does")
    sees = {line: node.string() for line, node in keys["sees"].mapping(tuple(keys["sees"].pairs)).items()} if "sees" in keys else {}
    expect = {}
    if "expect" in keys:
        expect = {side: [line.string() for line in lines.list()]
                  for side, lines in keys["expect"].mapping(tuple(keys["expect"].pairs)).items()}
    whole = keys["whole"].string() if "whole" in keys else ""
    return Over(against, sees, expect, whole), keys["scenarios"].list()
