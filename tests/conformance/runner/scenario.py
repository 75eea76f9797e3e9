# SPDX-License-Identifier: MIT
"""A scenario: what its file says, checked. The format is described in README.md."""
import pathlib
import re
from dataclasses import dataclass, field

from . import actions, data, nodes

KINDS = ("listener", "connect", "bind", "read", "write", "subprocess")
TRANSPORTS = {"listener": ("tcp", "unix"), "connect": ("tcp", "unix", "socketpair", "udp", "udp6", "unixgram"),
              "bind": ("udp", "udp6", "unixgram", "socketpair"), "read": ("pipe", "fifo"), "write": ("pipe", "fifo", "socketpair"),
              "subprocess": ("exec", "shell")}
TOP = ("what", "behaviours", "kind", "transport", "address", "local", "open", "unit", "buffers", "chunks", "flow", "needs", "differs", "baseline",
       "only", "program", "process", "on", "buffer", "protocols", "peer", "expect")
ADDRESSES = {("listener", "unix"): ("abstract", "stale"), ("bind", "unixgram"): ("abstract", "stale"),
             ("connect", "unix"): ("missing",), ("connect", "tcp"): ("two",)}
PROCESS = ("stdin", "stdout", "stderr", "cwd", "start_new_session", "env")
CALLBACKS = ("connection_made", "data_received", "eof_received", "pause_writing", "resume_writing",
             "connection_lost", "get_buffer", "buffer_updated", "datagram_received", "error_received",
             "pipe_data_received", "pipe_connection_lost", "process_exited")
BY_CALL = {"data_received", "buffer_updated", "get_buffer", "pipe_data_received"}  # how often they come depends on chunks


@dataclass(frozen=True)
class Role:
    """What one protocol does. `buffer`: a buffered protocol with a buffer of so many bytes."""
    buffer: int = None
    on: dict = field(default_factory=dict)        # callback -> actions
    received: dict = field(default_factory=dict)  # bytes -> actions
    gates: dict = field(default_factory=dict)     # name -> actions

    def options(self):
        """As the plugin reads it."""
        on = {when: [a.options() for a in todo] for when, todo in self.on.items()}
        on |= {f"received {n}": [a.options() for a in todo] for n, todo in self.received.items()}
        on |= {f"gate {name}": [a.options() for a in todo] for name, todo in self.gates.items()}
        return ({} if self.buffer is None else {"buffer": self.buffer}) | {"on": on}


@dataclass(frozen=True)
class Step:
    """One thing that the peer `by` does, or waits for."""
    verb: str
    by: str
    argument: object
    place: str
    times: int = 1


@dataclass(frozen=True)
class Scenario:
    """One file."""
    name: str
    file: str
    kind: str
    transport: str
    address: str
    program: str  # of a process, another one than the peer: "missing", "forbidden", or a command
    process: dict  # how it is started: stdin, stdout, stderr, cwd, start_new_session, env
    local: str  # "path" or "abstract": the name of a UNIX client
    by_plugin: bool  # opened through the loop's services, and the trace says so
    unit: dict
    buffers: int
    chunks: str  # "any": nothing depends on them; "exact": they are compared; else: joined
    any_flow: bool
    needs: str
    differs: str
    baseline: str
    only_ours: bool
    roles: dict
    steps: tuple
    expect: dict
    over_tls: object = None  # over_tls.Over, where it is played with --tls

    @property
    def exclusive(self):
        """What is opened when the daemon starts needs a daemon of its own."""
        if self.datagrams and self.transport == "socketpair":
            return True
        return self.kind in ("connect", "read", "write") and not self.by_plugin

    @property
    def datagrams(self):
        """Else streams."""
        return self.kind == "bind" or self.transport in ("udp", "udp6", "unixgram")

    @property
    def streams(self):
        """Connections, which TLS can be spoken over."""
        return self.kind in ("listener", "connect") and not self.datagrams

    @property
    def gates(self):
        """Of all roles."""
        return {name: todo for role in self.roles.values() for name, todo in role.gates.items()}


def load(file):
    """The scenario in `file`, or a ScenarioError."""
    root = nodes.load(str(file))
    top = root.mapping(TOP, required=("what", "behaviours", "peer"))
    name = pathlib.Path(file).stem
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name):
        root.fail("its name is no name for a unit", "letters, digits, - and _; at most 64")
    top["what"].string()
    for item in top["behaviours"].list():
        if not re.fullmatch(r"[BD]\d+", item.string()):
            item.fail(f'"{item.text}" is no behaviour', "B12, or D3 for a decision")
    kind = top["kind"].choice(KINDS) if "kind" in top else "listener"
    transport = TRANSPORTS[kind][0]
    if "transport" in top:
        transport = top["transport"].choice(TRANSPORTS[kind])
    scenario = Scenario(
        name=name, file=str(file), kind=kind, transport=transport,
        address=_address(top, kind, transport),
        program=top["program"].string() if "program" in top else "",
        process={key: _plain(value) for key, value in top["process"].mapping(PROCESS).items()} if "process" in top else {},
        local=top["local"].choice(("path", "abstract")) if "local" in top else "",
        by_plugin=kind == "subprocess" or (kind, transport) == ("connect", "socketpair") or "open" in top and top["open"].choice(("plugin",)) != "",
        unit=_plain(top["unit"]) if "unit" in top else {},
        buffers=top["buffers"].integer() if "buffers" in top else 0,
        chunks=top["chunks"].choice(("any", "exact")) if "chunks" in top else "",
        any_flow="flow" in top and top["flow"].choice(("any",)) == "any",
        needs=top["needs"].string() if "needs" in top else "",
        differs=_number(top, "differs", "D"), baseline=_number(top, "baseline", "B"),
        only_ours="only" in top and top["only"].choice(("ours",)) == "ours",
        roles=_roles(top), steps=_steps(top["peer"]), expect=_expect(top))
    _check(scenario, root, top)
    return scenario


def _address(top, kind, transport):
    if "address" not in top:
        return ""
    if (kind, transport) not in ADDRESSES:
        top["address"].fail("nothing to choose here", "remove it, or choose another kind or transport")
    return top["address"].choice(ADDRESSES[kind, transport])


def _plain(node):
    if node.pairs is not None:
        return {name: _plain(value) for name, value in node.pairs.items()}
    if node.items is not None:
        return [_plain(item) for item in node.items]
    if node.quoted:
        return node.text
    words = {"true": True, "false": False}
    return words[node.text] if node.text in words else int(node.text) if node.text.isdigit() else node.text


def _number(top, key, letter):
    if key not in top:
        return ""
    if not re.fullmatch(rf"{letter}\d+", top[key].string()):
        top[key].fail(f'"{top[key].text}" is no number of the list', f"{letter}12, for instance")
    return top[key].text


def _roles(top):
    roles = {"main": _role({key: top[key] for key in ("on", "buffer") if key in top})}
    for name, node in (top["protocols"].mapping(tuple(top["protocols"].pairs or ())) if "protocols" in top else {}).items():
        roles[name] = _role(node.mapping(("on", "buffer")))
    return roles


def _role(keys):
    role = Role(buffer=keys["buffer"].integer() if "buffer" in keys else None)
    on = keys["on"].mapping(tuple(keys["on"].pairs or ())) if "on" in keys else {}
    for when, node in on.items():
        todo = actions.parse_list(node)
        if when in CALLBACKS:
            role.on[when] = todo
        elif match := re.fullmatch(r"received (\d+)", when):
            role.received[int(match[1])] = todo
        elif match := re.fullmatch(r"gate ([A-Za-z0-9_-]+)", when):
            role.gates[match[1]] = todo
        else:
            node.fail(f'"{when}" never happens', f"one of: {', '.join(CALLBACKS)}, received N, gate NAME")
    return role


def _steps(node):
    return tuple(_step(item) for item in node.list())


def _step(node):
    pairs = {node.string(): None} if node.pairs is None else dict(node.pairs)
    by = pairs.pop("by").string() if "by" in pairs else "peer"
    times = pairs.pop("times").integer() if "times" in pairs else 1
    if len(pairs) != 1:
        node.fail("more than one thing to do", "begin each with a dash of its own")
    (verb, argument), = pairs.items()
    if verb not in STEPS:
        node.fail(f'unknown step "{verb}"', f"known: {', '.join(sorted(STEPS))}")
    if argument is not None and argument.empty():
        argument = None
    return Step(verb, by, STEPS[verb](argument, node), f"{node.file}:{node.line}", times)


def _optional(*known):
    def read(argument, node):
        return {} if argument is None else {k: _plain(v) for k, v in argument.mapping(known).items()}
    return read


def _needs(read):
    def grammar(argument, node):
        if argument is None:
            node.fail("needs an argument", "see README.md")
        return read(argument)
    return grammar


def _await(argument):
    """(event, count, value): so many of that event, or so many bytes, or that value."""
    if argument.pairs is None:
        return (argument.string(), 1, None)
    keys = argument.mapping(("callback", "count", "received", "called", "mark", "fd"))
    if "received" in keys:
        return ("bytes", keys["received"].integer(), None)
    for event in ("called", "mark"):
        if event in keys:
            return (event, 1, keys[event].string())
    if "callback" not in keys:
        argument.fail("does not say for what", "callback: NAME, received: BYTES, called: NAME or mark: NAME")
    return (keys["callback"].string(), keys["count"].integer() if "count" in keys else 1,
            f"fd {keys['fd'].string()}" if "fd" in keys else None)


def _amount(argument):
    """Bytes, or a word."""
    return int(argument.string()) if argument.string().isdigit() else argument.choice(("end", "fill", "some"))


def _datagrams(argument):
    """A number, a word, or the bytes of the last one."""
    if argument.pairs is not None:
        return data.parse(argument.mapping(("until",), required=("until",))["until"]).whole
    return int(argument.string()) if argument.string().isdigit() else argument.choice(("fill", "waiting"))


def _exchange(argument):
    keys = argument.mapping(("send", "receive"), required=("send", "receive"))
    return data.parse(keys["send"]), keys["receive"].integer()


STEPS = {
    "open": _optional(), "connect": _optional("receive_buffer", "unnamed"), "listen": _optional("backlog"), "accept": _optional(),
    "send": _needs(data.parse), "half_close": _optional(), "reset": _optional(), "close": _optional(),
    "receive": _needs(_amount), "drain": _optional(), "exchange": _needs(_exchange), "quiet": _optional(),
    "datagram": _needs(data.parse),
    "receive_datagrams": _needs(_datagrams),
    "await": _needs(_await), "release": _needs(lambda argument: argument.string()),
    "turns": _needs(lambda argument: argument.integer()),
    "exit": _needs(lambda argument: argument.integer()), "die": _needs(lambda argument: argument.string()),
    "ignore": _needs(lambda argument: argument.string()), "hold": _optional(), "let_go": _optional(),
    "facts": _needs(lambda argument: argument.choice(("pipes", "terminal", "folder", "leads", "environment", "descriptors"))),
}


def _expect(top):
    if "expect" not in top:
        return {}
    sides = top["expect"].mapping(tuple(top["expect"].pairs or ()))
    return {side: [item.string() for item in node.list()] for side, node in sides.items()}


def _check(scenario, root, top):
    """What no single key can know."""
    if scenario.differs and scenario.baseline:
        top["baseline"].fail("beside differs", "a scenario differs for one reason; split it")
    if bool(scenario.expect) != bool(scenario.differs or scenario.baseline or scenario.only_ours):
        root.fail("expect and differs, baseline or only belong together",
                  "a scenario that equals asyncio expects nothing; one that does not says why and what")
    for step in scenario.steps:
        if step.verb == "release" and step.argument not in scenario.gates:
            raise nodes.ScenarioError(f"{step.place}: release: no gate {step.argument} (add on: gate {step.argument}:)")
    for key in ("program", "process"):
        if key in top and scenario.kind != "subprocess":
            top[key].fail("is for processes only", "remove it, or say kind: subprocess")
    if scenario.by_plugin and scenario.kind in ("listener", "bind"):
        top["open"].fail("is not for what a unit serves", "remove it")
    if scenario.local and ((scenario.kind, scenario.transport) != ("connect", "unix") or scenario.by_plugin):
        top["local"].fail("only a unit that connects to a UNIX socket has it", "remove it")
    for step in scenario.steps:
        if step.verb == "connect" and "unnamed" in step.argument and scenario.transport != "unixgram":
            raise nodes.ScenarioError(f"{step.place}: unnamed: only UNIX sockets of datagrams can be (remove it)")
    counting = [when for role in scenario.roles.values() for when in role.on if when in BY_CALL]
    harmless = {"echo", "pause_reading", "resume_reading", "call_soon", "call_later"}
    if scenario.chunks == "any" and any(action.verb not in harmless for role in scenario.roles.values()
                                   for when in counting for action in role.on.get(when, ())):
        top["chunks"].fail("its protocol counts calls, which depend on chunks", 'write "received N" instead')
