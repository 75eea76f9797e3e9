#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""printed_schema.py <protohostd> <protohostctl> <source>: the schema as an editor gets it, in a validator of draft-07.

Once from the program and once from a daemon that serves with plugins, it is a schema at all; every shipped
configuration and every one of the manual is valid; every bad one that a schema can see is refused. The running daemon's
knows the options of its plugins, too.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

from jsonschema import Draft7Validator

SERVED = """
state: {directory: %(folder)s/state}
control: {socket: %(folder)s/control.sock}
listeners: {web: {listen: 'tcp://127.0.0.1:0', protocol: forward, options: {to: 'tcp://127.0.0.1:1'}}}
"""
OPTIONS = "{listeners: {web: {listen: 'tcp://127.0.0.1:0', protocol: forward, options: %s}}}"


def printed(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, f"{command}: {done.returncode}, {done.stderr}"
    return done.stdout


def of_serving(daemon, control, folder):
    """What protohostctl prints while a daemon serves."""
    config = pathlib.Path(folder, "protohost.yaml")
    config.write_text(SERVED % {"folder": folder})
    process = subprocess.Popen([daemon, "--config", config], stderr=subprocess.PIPE, text=True)
    try:
        assert any(" serves " in line for line in process.stderr), "the daemon does not serve"
        return printed(control, "--socket", f"{folder}/control.sock", "schema")
    finally:
        process.terminate()
        process.communicate()


def examples(source):
    for path in [source / "config/protohost.yaml", *sorted(source.glob("config/examples/*.yaml"))]:
        yield path.name, path.read_text()
    for page in sorted(source.glob("docs/*.md")):
        for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S), 1):
            yield f"{page.name}, block {number}", text


def check(validator, source):
    files = list(examples(source))
    assert len(files) >= 10, f"only {len(files)} configurations to validate"
    for name, text in files:
        for error in validator.iter_errors(yaml12.read(text)):
            yield f"{name} is refused at {list(error.path)}: {error.message[:200]}"
    print(f"{len(files)} shipped configurations are valid")
    yield from bad_configurations.check(validator, source)


def main():
    daemon, control, source = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        texts = {"protohostd --schema": printed(daemon, "--schema"),
                 "protohostctl schema": of_serving(daemon, control, folder)}
    complaints = []
    for name, text in texts.items():
        schema = yaml12.read(text)
        Draft7Validator.check_schema(schema)
        validator = Draft7Validator(schema)
        complaints += [f"{name}: {complaint}" for complaint in check(validator, source)]
        knows_options = name.startswith("protohostctl")
        for options, fine in {"{to: 'tcp://h:1'}": True, "{}": False, "{too: 'tcp://h:1'}": False,
                              "{to: 'tcp://h:1', connect_timeout: [10s]}": False}.items():
            valid = validator.is_valid(yaml12.read(OPTIONS % options))
            if valid != (fine or not knows_options):
                complaints.append(f"{name} {'accepts' if valid else 'refuses'} the options {options}")
    print(*complaints, sep="\n")
    sys.exit(1 if complaints else 0)


# Read as the daemon reads it, and the list of what no schema can see: both are the decoder's tests' own.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "daemon/config/schema"))
import bad_configurations  # noqa: E402
import yaml12  # noqa: E402

main()
