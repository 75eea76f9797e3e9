# SPDX-License-Identifier: MIT
"""A configuration for every key of the schema and every value that might stand there."""
import re

import yaml12

VALUES = """
true|false|yes|off|null|~|''|0|1|-1|+1|007|0x10|0o17|1.5|.5|1e3|-0.5|0.5|'0.5'|'1'|2147483647|2147483648
99999999999999999999|abc|'two words'|/abs|rel/x|"~/x"|$X|64KiB|64K|'64'|64kib|0KiB|1GB|1TB|99999999999GiB
30s|0s|'0'|00|1.5s|250ms|5|-5s|366d|25d|1d|10us|5ns|0.0s|1.s|.5s|5 s
tcp://127.0.0.1:80|'tcp://[::1]:80'|tcp://name:0|tcp://h:00|tcp://h:65535|tcp://h:65536|tcp://h:080|tcp://h|tcp://:1
tcp://300.1.1.1:1|tcp://1.2.3:1|tcp:h:1|tcp:///x|tcp://h:1/x|'tcp://[fe80::1%eth0]:1'|'tcp://::1:1'|TCP://h:1
udp://h:1|udp://h:0|unix:///run/x|unix:///|unix:@n|unix:@|unix:///run/|unix:/x|unix://@x|unix:///a/b.sock
unixgram:///run/x|unixgram:@n|fd:3|fd:03|fd:2|fd:x|fd:10|fd:99999999999
systemd:web|systemd:web.socket|'systemd:'|'systemd:a b'|'systemd:a:b'|systemd:ü|[systemd:a, systemd:b]
224.0.0.1|239.1.2.3|240.0.0.1|127.0.0.1|ff15::7|FF02::1|ff::1|"::1"|eth0|a/b|averyverylonginterface|eth0:1
echo|echo/echo|a/b/c|a//b|/a|echo.so|.x|-x|x/log|ümlaut|'@adm'|'@'|'@@a'|alice|a:b|1000|'1000'
0660|'0660'|0777|01000|'01000'|0689|660|0|'00660'|'0o660'
[]|[x]|[/a]|[/a, b]|[/a, /a]|[tcp://h:1]|[tcp://h:1, unix:@n]|[udp://h:1]|['@adm', alice, 7]|[a, a]|[a b]|[[x]]
[224.0.0.1]|[{group: 224.0.0.1}]|[{group: 224.0.0.1, interface: eth0}]|[{interface: eth0}]|[{}]|[null]|[ff15::7]
'1.2'|'1.3'|required|optional|request|none|notify|[h2]|[/a.pem]|[{certificate: /a.pem}]|[{certificate: /a.pem, key: /a.key}]
{certificates: [/a.pem]}|{trusted: [10.0.0.0/8]}|[10.0.0.0/8]|[10.0.0.1/8]|['::1']|[300.0.0.0/8]|SIGTERM
{}|{a: b}|[1]|[true]|trace|info|warn|Warn|abort|refuse|text|json|automatic|journal|never|Never
"""
VALUES = [value for line in VALUES.strip().splitlines() for value in line.split("|")]

# What the daemon says of values that a schema lets pass.
UNSEEN = re.compile(
    r"has no effect here|is above|is below|at most \d+d|less than 1GiB|is already taken|is joined twice|is too large"
    r"|of another family|one socket cannot|permissions in octal|is no IPv6 address|no descriptor has the number"
    r"|stands beside|is missing: |has no certificate beside it|the list is empty|a network such as|expected whole seconds|there is no subprocess|the program has no name"
    r"|found \"-?0[x0-9]|is listed twice|found \"-0|\"0o17\"|\"0x10\"|\"\+1\"|\"1e3\"")


def is_unseen(words):
    return all(UNSEEN.search(error) for error in words.split("; "))


# What stands beside the keys of a unit, so that each of them can be right in one of them.
BESIDE = {
    "listeners": ["listen: tcp://h:1", "listen: unix:///run/x"],
    "connect": ["connect: tcp://h:1", "connect: udp://h:1"],
    "bind": ["bind: udp://h:1", "bind: unixgram:///run/x"],
    "read": ["read: /run/x"],
    "write": ["write: /run/x"],
    "command": ["command: [x]"],
    "shell": ["shell: x"],
}
# The same in sections of a unit.
BESIDE_IN = {"ready": ["newline: 3"], "tls": ["certificates: [/a.pem]"], "proxy_protocol": ["trusted: [10.0.0.0/8]"]}


class Place:
    """A key of the schema, and a configuration around it with %s for its value."""

    def __init__(self, path, around, shape):
        self.path, self.around, self.shape = path, around, shape

    def __str__(self):
        return ".".join(self.path)

    def documents(self):
        return [self.around % value for value in VALUES]

    def is_number_for_text(self, index):
        """Of `protocol: 7` an editor says that it is no text; the daemon takes it for one."""
        shape = str(self.shape)

        def is_it(value):
            if isinstance(value, list):
                return any(map(is_it, value))
            word = {bool: "boolean", int: "integer|number", float: "number"}.get(type(value))
            return word is not None and not re.search(word, shape)

        return is_it(yaml12.read(VALUES[index]))


class Section(Place):
    """A mapping with keys of ours, and a configuration where it has another one."""
    STRANGER = "zzzzzzzzzzzz"

    def keys(self):
        return set(self.shape["properties"])


def places(schema):
    return [place for place in walk(schema, [], "%s", []) if not isinstance(place, Section)]


def sections(schema):
    return [place for place in walk(schema, [], "%s", []) if isinstance(place, Section)]


def walk(shape, path, around, beside):
    """Goes where configurations go: keys of sections, names of tables, ways of endpoints, items of lists."""
    for key, inner in shape.get("properties", {}).items():
        siblings = [text for text in beside if not text.startswith(key + ":")]
        deeper = around % ("{" + ", ".join([*siblings, key + ": %s"]) + "}")
        yield Place([*path, key], deeper, inner)
        inside = [text for text in BESIDE_IN.get(key, []) if f"'{text.split(':')[0]}'" in str(inner)]
        yield from walk(inner, [*path, key], deeper, inside)
    if shape.get("additionalProperties") is False:
        yield Section(path, around % ("{" + ", ".join([*beside, f"{Section.STRANGER}: %s"]) + "}"), shape)
    for alternative in shape.get("anyOf", []):
        yield from walk(alternative, path, around, beside)
    if "properties" in str(shape.get("items")):
        item = ["group: 224.0.0.1"] if "'group'" in str(shape["items"]) else ["certificate: /a.pem"]
        yield from walk(shape["items"], [*path, "0"], around % "[%s]", item)
    table = shape.get("additionalProperties")
    if not isinstance(table, dict):
        return
    inside = around % "{NAME: %s}"
    entries = {rule["if"]["required"][0]: rule["then"] for rule in table["allOf"]} if "oneOf" in table else {path[-1]: table}
    for way, entry in entries.items():
        if way not in BESIDE:
            yield Place([*path, "NAME"], inside, entry)
            yield from walk(entry, [*path, "NAME"], inside, [])
        for base in BESIDE.get(way, []):
            yield from walk(entry, [*path, f"({base})"], inside, [base, "protocol: p"])


# What plugins declare, in config_verdict.cpp: protocol, options, whether that is right.
OPTIONS = [
    ("talk", "{}", True), ("talk", "", True), ("talk/talk", "{greeting: hello}", True), ("talk", "{greeting: 5}", True),
    ("talk", "{greeting: [x]}", False), ("talk", "{greetin: x}", False), ("talk/talk", "{greetin: x}", False),
    ("talk", "{count: -3}", True), ("talk", "{count: '3'}", False), ("talk", "{count: 1.5}", False),
    ("talk", "{ratio: 1}", True), ("talk", "{ratio: x}", False), ("talk", "{loud: true}", True),
    ("talk", "{loud: yes}", False), ("talk", "{pause: 1.5s}", True), ("talk", "{pause: 5}", False),
    ("talk", "{most: 64KiB}", True), ("talk", "{most: 64K}", False), ("talk", "{words: [a, 1]}", True),
    ("talk", "{words: a}", False), ("talk", "{more: {a: [b]}}", True), ("only", "{}", True), ("only/one", "", True),
    ("only", "{a: b}", False), ("other", "{a: b}", True), ("only/two", "{a: b}", True), ("talk/log", "{file: x}", False),
]
UNITS = [
    ("{endpoints: {a: {bind: udp://h:1, protocol: talk/log, options: {file: x}}}}", True),
    ("{endpoints: {a: {bind: udp://h:1, protocol: talk/log, options: {}}}}", False),
    ("{endpoints: {a: {bind: udp://h:1, protocol: talk/log}}}", False),
    ("{endpoints: {a: {bind: udp://h:1, protocol: talk}}}", False),
    ("{endpoints: {a: {connect: udp://h:1, protocol: talk/log, options: {file: x}}}}", True),
    ("{endpoints: {a: {connect: tcp://h:1, protocol: talk, options: {loud: true}}}}", True),
    ("{endpoints: {a: {connect: tcp://h:1, protocol: talk, options: {loud: 1}}}}", False),
    ("{endpoints: {a: {read: /x, protocol: only/one}}}", True),
    ("{endpoints: {a: {write: /x, protocol: talk/log, options: {file: x}}}}", False),
]
