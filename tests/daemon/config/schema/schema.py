#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""schema.py <config_verdict> <source>: the schema of the configuration beside the decoder.

- Every example, and every one in the manual, is valid.
- Every bad configuration that YAML can read is refused, but for those that are listed here.
- The keys of every section are those that the daemon says it knows there.
- What is said of each key is what the manual says, and so is its default.
- For every key of the schema and many values: what the daemon accepts the schema accepts, and what the schema lets
  pass that the daemon refuses is of a kind that is listed here.
- What plugins declare decides about the options of their protocols.
"""
import pathlib
import re
import subprocess
import sys

import bad_configurations
import documents
import manual
import yaml12

from jsonschema import Draft7Validator


class Daemon:
    """The decoder, and the schema that it has made of itself."""

    def __init__(self, program):
        self.program = program
        self.schema = yaml12.read(self.run("")[0])
        Draft7Validator.check_schema(self.schema)
        self.validator = Draft7Validator(self.schema)

    def run(self, text):
        done = subprocess.run([self.program], input=text, capture_output=True, text=True, check=True)
        size, rest = done.stdout.split("\n", 1)
        return rest[:int(size)], rest[int(size):].splitlines()

    def verdicts(self, texts):
        """For each what the daemon says, and whether the schema accepts it."""
        said = self.run("".join(text + "\n" for text in texts))[1]
        assert len(said) == len(texts), f"{len(texts)} configurations, {len(said)} verdicts"
        return [(text, words, self.validator.is_valid(yaml12.read(text))) for text, words in zip(texts, said)]


def check_examples(daemon, source):
    texts = [path.read_text() for path in [source / "config/protohost.yaml", *source.glob("config/examples/*.yaml")]]
    for page in source.glob("docs/*.md"):
        texts += re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S)
    for text in texts:
        for error in daemon.validator.iter_errors(yaml12.read(text)):
            yield f"an example is refused at {list(error.path)}: {error.message[:200]}\n{text}"
    print(f"{len(texts)} examples are valid")


def check_keys(daemon):
    """The daemon names the keys that it knows when it meets another. It knows those that can have an effect: of a unit,
    for one address these and for another one those."""
    sections, known, schema = documents.sections(daemon.schema), {}, {}
    for section, (_, words, _) in zip(sections, daemon.verdicts([each.around % 1 for each in sections])):
        found = re.search(section.STRANGER + r": unknown key \(known here: ([^)]*)\)", words)
        name = re.sub(r"\((\w+): [^)]*\)", r"\1", str(section))
        known.setdefault(name, set()).update(found.group(1).split(", ") if found else [])
        schema[name] = section.keys()
    for name, keys in known.items():
        if re.fullmatch(r"endpoints\.\w+", name):
            keys -= {"connect", "bind", "read", "write"} - schema[name]  # an endpoint has one of them
        if re.fullmatch(r"subprocesses\.\w+", name):
            keys -= {"command", "shell"} - schema[name]
        if keys != schema[name]:
            yield f"in {name} the daemon knows {sorted(keys)}, the schema {sorted(schema[name])}"
    print(f"{len(known)} sections have the keys that the daemon knows")


def check_values(daemon):
    """Every value at every place, where the schema is to accept some and to refuse some."""
    places, passed, seen = documents.places(daemon.schema), 0, {}
    for place in places:
        for index, (text, words, accepted) in enumerate(daemon.verdicts(place.documents())):
            seen.setdefault(str(place), set()).add(accepted)
            if accepted and words:
                passed += 1
                if not documents.is_unseen(words):
                    yield f"the schema lets pass: {text}\n    {words}"
            elif not accepted and not words and not place.is_number_for_text(index):
                yield f"the schema refuses what is right: {text}"
    yield from (f"the schema takes {'everything' if True in answers else 'nothing'} for {place}"
                for place, answers in seen.items() if len(answers) == 1)
    print(f"{len(places)} places with {len(documents.VALUES)} values each; {passed} times the daemon sees more")


def check_protocols(daemon):
    unit = "{listeners: {a: {listen: 'unix:@a', protocol: %s, options: %s}}}"
    for protocol, options, fine in documents.OPTIONS:
        text = unit % (protocol, options)
        if daemon.validator.is_valid(yaml12.read(text)) != fine:
            yield f"the schema {'refuses' if fine else 'lets pass'}: {text}"
    for text, fine in documents.UNITS:
        if daemon.validator.is_valid(yaml12.read(text)) != fine:
            yield f"the schema {'refuses' if fine else 'lets pass'}: {text}"


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    daemon = Daemon(program)
    complaints = [*check_examples(daemon, source), *bad_configurations.check(daemon.validator, source),
                  *check_keys(daemon), *manual.check(documents.places(daemon.schema), source), *check_values(daemon), *check_protocols(daemon)]
    print(*complaints, sep="\n")
    sys.exit(1 if complaints else 0)


main()
