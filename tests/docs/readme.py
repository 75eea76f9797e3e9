#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""readme.py <README.md> <sdk/README.md> <installed prefix> <folder>: does what a newcomer is told to do.

Runs the tested block of the README as it stands, in a home of its own, then serves what came out of it and talks to
it. With a misspelt option the check must fail at the place that the README promises. Then the unit test that the SDK's
page writes for the same plugin must pass, and fail once the plugin is broken.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys


def tested_block(page):
    found = re.search(r"<!-- A test runs the next block as it stands[^>]* -->\n```sh\n(.*?)```", page.read_text(), re.S)
    assert found, f"{page} has lost its tested block"
    return found.group(1)


def run(block, environment, folder=None):
    return subprocess.run(["bash", "-eu", "-c", block], env=environment, cwd=folder, capture_output=True, text=True)


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


def check_unit_test(block, folder, environment):
    """The plugin's own test passes, and fails for a plugin that does not do what the page says."""
    done = run(block, environment, folder)
    assert done.returncode == 0, f"the SDK's commands failed:\n{done.stdout}{done.stderr}"
    assert "100% tests passed, 0 tests failed out of 1" in done.stdout, done.stdout
    source = folder / "shout.cpp"
    source.write_text(source.read_text().replace("line_.clear();", ""))
    again = run("cmake --build build && ctest --test-dir build --output-on-failure", environment, folder)
    assert again.returncode != 0 and "1 tests failed" in again.stdout, f"a broken plugin passes:\n{again.stdout}"


def main():
    readme, sdk_readme, prefix, home = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "protohost").symlink_to(prefix)
    environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}

    done = run(tested_block(readme), environment)
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
    check_unit_test(tested_block(sdk_readme), home / "shout", environment)
    print("the README's first plugin builds, checks and answers, and its unit test says so")


if __name__ == "__main__":
    main()
