# SPDX-License-Identifier: MIT
"""YAML with places: every mistake in a scenario is reported with file, line and column."""
import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ScenarioError(Exception):
    """A scenario that cannot be played: place, what is wrong, remedy."""


class Node:
    """One value of the file. Scalars are taken as text, so that `on` is a word and not a boolean."""

    def __init__(self, node, file, path=""):
        self.file, self.path = file, path
        self.line, self.column = node.start_mark.line + 1, node.start_mark.column + 1
        self.pairs = self.items = self.text = self.key = None
        self.quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
        if isinstance(node, yaml.MappingNode):
            self.pairs = {}
            for key, value in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else "?"
                if name in self.pairs:
                    Node(key, file, path).fail(f'"{name}" is here twice', "keep one of them")
                self.pairs[name] = Node(value, file, f"{path}.{name}" if path else name)
                self.pairs[name].key = Node(key, file, self.pairs[name].path)
        elif isinstance(node, yaml.SequenceNode):
            self.items = [Node(item, file, f"{path}[{i}]") for i, item in enumerate(node.value, 1)]
        else:
            self.text = node.value

    def place(self):
        """FILE:LINE:COLUMN, and the way to the value."""
        return f"{self.file}:{self.line}:{self.column}: {self.path or 'scenario'}"

    def fail(self, what, remedy):
        """Refuses this value."""
        raise ScenarioError(f"{self.place()}: {what} ({remedy})")

    def mapping(self, known, required=()):
        """The members of a mapping that may have the keys `known` and no others."""
        if self.pairs is None:
            self.fail("expected a mapping", f"known keys: {', '.join(known)}")
        for name, value in self.pairs.items():
            if name not in known:
                value.key.fail(f'unknown key "{name}"', f"known here: {', '.join(known)}")
        for name in required:
            if name not in self.pairs:
                self.fail(f'"{name}" is missing', f"add {name}:")
        return self.pairs

    def list(self):
        """The items of a list."""
        if self.items is None:
            self.fail("expected a list", "write [..] or one item on each line, after a dash")
        return self.items

    def string(self):
        """A scalar's text."""
        if self.text is None:
            self.fail("expected a text", "write a plain value here")
        return self.text

    def empty(self):
        """True for a key without a value."""
        return self.text == "" and not self.quoted

    def integer(self):
        """A whole number that is not negative, or -N where the scenario asks for trouble."""
        try:
            return int(self.string())
        except ValueError:
            self.fail(f'"{self.text}" is no whole number', "write bytes, such as 65536")

    def choice(self, known):
        """One of the words `known`."""
        if self.string() not in known:
            self.fail(f'"{self.text}" is not known here', f"one of: {', '.join(known)}")
        return self.text


def load(file):
    """The root of a YAML file with one document."""
    try:
        with open(file, encoding="utf-8") as text:
            node = yaml.compose(text, Loader=LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"{file}: {error}") from error
    if node is None:
        raise ScenarioError(f"{file}: nothing in it (write a scenario, see README.md)")
    return Node(node, file)
