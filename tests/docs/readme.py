#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""readme.py <README.md> <installed prefix> <folder>: does what the README tells a newcomer to do.

Runs the tested block as it stands, in a home of its own, then serves what came out of it and talks
to it. With a misspelt option the check must fail at the place that the README promises.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys


def tested_block(readme):
    found = re.search(r"<!-- A test runs the next block as it stands. -->\n```sh\n(.*?)```", readme, re.S)
    assert found, "README.md has lost its tested block"
    return found.group(1)


def serve(daemon, config, environment):
    """The answer to hello from a daemon that is stopped again."""
    process = subprocess.Popen([daemon, "--config", config], stderr=subprocess.PIPE, text=True, env=environment)
    port = None
    for line in process.stderr:
        if listening := re.search(r"listening on tcp://127.0.0.1:(\d+) ", line):
            port = int(listening.group(1))
            break
    assert port, f"the daemon ended with {process.wait()} before it listened"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"hello\n")
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    process.terminate()
    process.stderr.read()
    assert process.wait() == 0, "the daemon did not stop in order"
    return answer


def main():
    readme, prefix, home = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "protohost").symlink_to(prefix)
    environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}

    done = subprocess.run(["bash", "-eu", "-c", tested_block(readme.read_text())], env=environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, f"the README's commands failed:\n{done.stdout}{done.stderr}"

    config = home / "shout" / "shout.yaml"
    good = config.read_text().replace(":7008", ":0") + f"state: {{directory: {home}/state}}\n"
    config.write_text(good)
    daemon = home / "protohost" / "sbin" / "protohostd"
    answer = serve(daemon, config, environment)
    assert answer == b"HELLO!!\n", f"the first plugin answered {answer!r}"

    config.write_text(good.replace("mark:", "marc:"))
    checked = subprocess.run([daemon, "--check", "--config", config], env=environment, capture_output=True, text=True)
    assert checked.returncode == 78, f"--check of a misspelt option ended with {checked.returncode}"
    wanted = "shout.yaml:6:15: listeners.shout.options.marc: "
    assert wanted in checked.stderr and 'did you mean "mark"' in checked.stderr, checked.stderr
    print("the README's first plugin builds, checks and answers")


if __name__ == "__main__":
    main()
