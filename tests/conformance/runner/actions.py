# SPDX-License-Identifier: MIT
"""What a protocol can be told to do: the vocabulary, its grammar, and the plugin's form of it."""
import signal
from dataclasses import dataclass, field

from . import data as bytes_of


@dataclass(frozen=True)
class Action:
    """One thing to do. Which of the members mean something depends on the verb."""
    verb: str
    data: bytes_of.Data = None
    name: str = ""
    otherwise: str = ""
    high: int = None
    low: int = None
    after: int = 0  # microseconds
    then: tuple = field(default=())

    def options(self):
        """As the plugin reads it."""
        out = {"verb": self.verb}
        if self.data is not None:
            out["data"] = list(self.data.options)
        texts = {key: getattr(self, key) for key in ("name", "otherwise") if getattr(self, key)}
        numbers = {key: getattr(self, key) for key in ("high", "low") if getattr(self, key) is not None}
        out |= texts | numbers
        if self.after:
            out["after"] = self.after
        if self.then:
            out["then"] = [action.options() for action in self.then]
        return out


def parse_list(node):
    """A list of actions; a single one may stand without the list."""
    items = node.items if node.items is not None else [node]
    return tuple(_parse(item) for item in items)


def _parse(node):
    if node.pairs is None:
        verb, argument = node.string(), None
    elif len(node.pairs) == 1:
        (verb, argument), = node.pairs.items()
        argument = None if argument.empty() else argument
    else:
        node.fail("more than one action", "begin each with a dash of its own")
    if verb not in GRAMMAR:
        node.fail(f'unknown action "{verb}"', f"known: {', '.join(sorted(GRAMMAR))}")
    return Action(verb, **GRAMMAR[verb](argument, node))


def _nothing(argument, node):
    if argument is not None:
        argument.fail("takes no argument", "leave it out")
    return {}


def _required(read):
    def grammar(argument, node):
        if argument is None:
            node.fail("needs an argument", "see README.md")
        return read(argument)
    return grammar


def _number(argument, node):
    return {} if argument is None else {"high": argument.integer()}


def _limits(argument, node):
    keys = {} if argument is None else argument.mapping(("high", "low"))
    return {key: value.integer() for key, value in keys.items()}


def _measure(argument, node):
    keys = {} if argument is None else argument.mapping(("over", "at_most"))
    return {{"over": "low", "at_most": "high"}[key]: value.integer() for key, value in keys.items()}


def _info(argument):
    if argument.pairs is None:
        return {"name": argument.string(), "otherwise": "absent"}
    keys = argument.mapping(("name", "default"), required=("name", "default"))
    return {"name": keys["name"].string(), "otherwise": keys["default"].string()}


def _later(with_delay):
    def grammar(argument, node):
        if argument is None:
            node.fail("needs an argument", "a name for the trace, or {name: .., do: [..]}")
        if argument.pairs is None and not with_delay:
            return {"name": argument.string()}
        keys = argument.mapping(("name", "do") + (("after",) if with_delay else ()),
                                required=("after",) if with_delay else ())
        out = {"then": parse_list(keys["do"])} if "do" in keys else {}
        if "name" in keys:
            out["name"] = keys["name"].string()
        if with_delay:
            out["after"] = int(float(keys["after"].string().removesuffix("ms")) * 1000)
        return out
    return grammar


def _send_to(argument):
    keys = argument.mapping(("data", "to"), required=("data",))
    return {"data": bytes_of.parse(keys["data"]), "name": keys["to"].string() if "to" in keys else ""}


def _signal(argument):
    """By its name or its number."""
    text = argument.string()
    return {"low": int(text) if text.lstrip("-").isdigit() else int(signal.Signals[f"SIG{text}"])}


def _on_pipe(argument):
    keys = argument.mapping(("fd", "do"), required=("fd", "do"))
    return {"low": keys["fd"].integer(), "then": parse_list(keys["do"])}


def _truth(argument):
    return {"name": argument.choice(("true",))}


_data = _required(lambda argument: {"data": bytes_of.parse(argument)})
_name = _required(lambda argument: {"name": argument.string()})

GRAMMAR = {
    # to the transport
    "write": _data, "writelines": _data, "write_owned": _data, "write_eof": _nothing, "close": _nothing,
    "abort": _nothing, "pause_reading": _nothing, "resume_reading": _nothing,
    "set_write_buffer_limits": _limits, "set_protocol": _name, "sendto": _required(_send_to),
    # to the transport of a process
    "pipe": _required(_on_pipe), "send_signal": _required(_signal), "terminate": _nothing, "kill": _nothing,
    "get_pid": _nothing, "get_returncode": _nothing,
    "get_pipe_transport": _required(lambda argument: {"low": argument.integer()}),
    # queries, which leave their answer in the trace
    "is_closing": _nothing, "is_reading": _nothing, "can_write_eof": _nothing, "get_protocol": _nothing,
    "get_write_buffer_size": _measure, "get_write_buffer_limits": _nothing,
    "get_extra_info": _required(_info), "largest_data": _measure,
    # to the loop
    "call_soon": _later(False), "call_later": _later(True), "cancel": _name, "sendfile": _data,
    # of the callback itself
    "raise": lambda argument, node: {"name": argument.choice(("error", "os_error"))} if argument else {},
    "return": _required(_truth), "mark": _name,
    # convenience
    "echo": _nothing, "fill": _number, "pump": _data,
    "send_buffer": _required(lambda argument: {"high": argument.integer()}),
}
