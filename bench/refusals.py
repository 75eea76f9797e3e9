# SPDX-License-Identifier: MIT
"""What a reload must refuse: each makes the files bad, and says what the message must hold."""
import os
import re
import socket


def replaced(old, new):
    """In the first listener's definition."""
    def make(daemon):
        text = daemon.text()
        assert old in text, old
        daemon.rewrite(text.replace(old, new, 1))
    return make


def with_key(key):
    return replaced("options: {name: ", f"{key}, options: {{name: ")


def added(text):
    return lambda daemon: daemon.rewrite(daemon.text() + text)


def whole(text):
    return lambda daemon: daemon.rewrite(text)


def gone(daemon):
    os.remove(daemon.configuration)


def not_utf8(daemon):
    daemon.rewrite()
    with open(daemon.configuration, "ab") as file:
        file.write(b"\xff\xfe: 1\n")


def alias_bomb(daemon):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    daemon.rewrite("\n".join(lines) + "\n")


def taken(daemon):
    """By a process that is not the daemon; it holds it while the daemon lives."""
    if not hasattr(daemon, "foreign"):
        daemon.foreign = socket.create_server(("127.0.0.1", 0))
    added(f"  more: {{listen: 'tcp://127.0.0.1:{daemon.foreign.getsockname()[1]}', protocol: visited_a}}\n")(daemon)


def twice(daemon):
    added(f"  more: {{listen: 'tcp://127.0.0.1:{daemon.places[0].port}', protocol: visited_a}}\n")(daemon)


def plugin(content=None, mode=0o755):
    """Another file in the place of visited_a.so; `content` of the good one."""
    def make(daemon):
        good = daemon.plugin_bytes("visited_a")
        daemon.install("visited_a", content(daemon, good) if content else good, mode)
    return make


def version(stamp):
    return plugin(lambda daemon, good: daemon.plugin_bytes("visited_a", stamp))


def new_and_refuses(daemon):
    """A good plugin that does not like its options."""
    daemon.install("visited_a", daemon.plugin_bytes("visited_a", "999999"))
    replaced("options: {name: l0", "options: {name: refused")(daemon)


def new_in_vain(daemon):
    """A good plugin, and what only the kernel knows: the address is taken."""
    daemon.install("visited_a", daemon.plugin_bytes("visited_a", "999998"))
    taken(daemon)


def no_plugin(daemon):
    os.remove(os.path.join(daemon.plugins, "visited_a.so"))


def other_abi(daemon, good):
    """With the note of another major version of the ABI."""
    at = good.index(b"protohost\0") + len(b"protohost\0")
    at += -at % 4
    return good[:at] + b"\x63" + good[at + 1:]


# Name: (what makes it bad, what the message must match).
CONFIGURATIONS = {
    "syntax": (added("  more: {listen: [\n"), r"protohost\.yaml:\d+:\d+: "),
    "no mapping": (whole("- a\n- b\n"), r"protohost\.yaml:\d+:\d+: "),
    "not UTF-8": (not_utf8, r"protohost\.yaml"),
    "alias bomb": (alias_bomb, r"protohost\.yaml:\d+:\d+: "),
    "file gone": (gone, r"protohost\.yaml: "),
    "file empty": (whole(""), r"protohost\.yaml"),
    "unknown key": (with_key("limmits: {}"), r"yaml:\d+:\d+: listeners\.l0\.limmits"),
    "duplicate key": (with_key("protocol: visited_b"), r"yaml:\d+:\d+: listeners\.l0"),
    "port too large": (replaced("tcp://127.0.0.1:", "tcp://127.0.0.1:9"), r"yaml:\d+:\d+: listeners\.l0\.listen"),
    "not a duration": (with_key("timeouts: {drain: soon}"), r"yaml:\d+:\d+: listeners\.l0\.timeouts\.drain"),
    "not a count": (with_key("limits: {connections: many}"),
                    r"yaml:\d+:\d+: listeners\.l0\.limits\.connections"),
    "marks cross": (with_key("write_buffer: {high: 1KiB, low: 2KiB}"), r"yaml:\d+:\d+: listeners\.l0\.write_buffer"),
    "no protocol": (replaced(" protocol: visited_a,", ""), r"yaml:\d+:\d+: listeners\.l0.*protocol"),
    "no such plugin": (replaced("protocol: visited_a", "protocol: visited_x"),
                       r"yaml:\d+:\d+: listeners\.l0\.protocol"),
    "no such factory": (replaced("protocol: visited_a", "protocol: visited_a/other"),
                        r"yaml:\d+:\d+: listeners\.l0\.protocol"),
    "unknown option": (replaced("options: {", "options: {nmae: x, "), r"yaml:\d+:\d+: listeners\.l0\.options"),
    "option of another type": (replaced("options: {name: ", "options: {name: 7, nmae: "),
                               r"yaml:\d+:\d+: listeners\.l0\.options"),
    "option refused by the plugin": (replaced("options: {name: l0", "options: {name: refused"),
                                     r"yaml:\d+:\d+: listeners\.l0.*is refused"),
    "stream protocol for datagrams": (
        added("endpoints:\n  e: {bind: 'udp://127.0.0.1:0', protocol: visited_a}\n"),
        r"yaml:\d+:\d+: endpoints\.e\.protocol.*datagram"),
    "address twice": (twice, r"yaml:\d+:\d+: listeners\.more\.listen"),
    "address of another process": (taken, r"listeners\.more\.listen.*in use"),
    "no folder for a socket": (added("  more: {listen: 'unix:///nowhere/at/all.sock', protocol: visited_a}\n"),
                               r"listeners\.more\.listen"),
    "reserved section": (added("subprocesses: {a: {}}\n"), r"yaml:\d+:\d+: subprocesses"),
}
PLUGINS = {
    "plugin: no ELF file": (plugin(lambda daemon, good: b"not a plugin"), r"listeners\.l0\.protocol.*visited_a\.so"),
    "plugin: empty": (plugin(lambda daemon, good: b""), r"listeners\.l0\.protocol.*visited_a\.so"),
    "plugin: cut off": (plugin(lambda daemon, good: good[:len(good) // 2]),
                        r"listeners\.l0\.protocol.*visited_a\.so"),
    "plugin: others may write": (plugin(mode=0o777), r"listeners\.l0\.protocol.*visited_a\.so"),
    "plugin: of another name": (plugin(lambda daemon, good: daemon.plugin_bytes("visited_b")),
                                r"listeners\.l0\.protocol.*visited_b"),
    "plugin: of another ABI": (plugin(other_abi), r"listeners\.l0\.protocol.*ABI"),
    "plugin: gone": (no_plugin, r"listeners\.l0\.protocol.*visited_a"),
    "plugin: new, refuses its options": (new_and_refuses, r"yaml:\d+:\d+: listeners\.l0.*is refused"),
    "plugin: new, beside an address of another process": (new_in_vain, r"listeners\.more\.listen.*in use"),
    "plugin: crashes": (version("crash!"), r"visited_a\.so: crashes.*SIGABRT"),
    "plugin: exits": (version("exits!"), r"visited_a\.so: ends its process.*exit"),
}
# Takes as long as a probe may: ten seconds.
HANGS = {"plugin: hangs": (version("hangs!"), r"visited_a\.so: hangs")}


def mend(daemon):
    """All files good again."""
    daemon.rewrite()
    daemon.install("visited_a")


def refuse(daemon, name, make, pattern, look_at_status):
    """What is wrong with how the daemon refuses it: a list of texts."""
    before = daemon.ask("status")
    make(daemon)
    done = daemon.run("reload")
    faults = []
    if done.returncode != 1:
        faults.append(f"exit code {done.returncode}")
    if not re.search(pattern, done.stderr):
        faults.append(f"said {done.stderr!r}, not {pattern}")
    # Through protohostctl at first, as an operator sees it; the socket says the same, and is cheaper.
    after = daemon.status() if look_at_status else daemon.ask("status")
    if after["configuration"] != before["configuration"]:
        faults.append("another configuration")
    last = after["reloads"]["last"][0]
    if last["verdict"] != "rejected" or not last["errors"]:
        faults.append(f"the status says {last}")
    if after["reloads"]["rejected"] != before["reloads"]["rejected"] + 1:
        faults.append("the status does not count it")
    if after["daemon"]["pid"] != before["daemon"]["pid"]:
        faults.append("another process")
    return [f"{name}: {fault}" for fault in faults]
