#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""runner_test.py --build FOLDER: the runner finds what it is there to find, and refuses what it cannot play."""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = None

ECHO = """
what: an echo
behaviours: [B50]
on:
  data_received: echo
peer:
- connect
- send: hello
- receive: 5
- half_close
- receive: end
- await: connection_lost
"""
PIPE = """
what: the end of a pipe
behaviours: [B165]
kind: read
peer: [send: hello, close, await: connection_lost]
"""
TRACE = """
  protocol:
  - connection_made
  - data_received 'hello'
  - eof_received
  - connection_lost none
  peer:
  - received 'hello'
  - end
"""
# As D2 has it: asyncio calls eof_received twice.
ONCE = """
what: the end of input is told once
behaviours: [B2]
on:
  eof_received: {return: true}
  gate late: [pause_reading, resume_reading]
peer: [connect, half_close, await: eof_received, release: late, turns: 5]
"""
DATAGRAMS = """
what: two datagrams come back
behaviours: [B127]
kind: bind
on:
  datagram_received: echo
peer: [connect, datagram: [ab, c], receive_datagrams: 2]
"""


def play(*texts, options=()):
    """(exit code, all it said) of the runner with one scenario for each text, from a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f"scenario-{i}.yaml" for i in range(len(texts))]
        for file, text in zip(files, texts):
            file.write_text(text)
        done = subprocess.run([sys.executable, HERE / "run", "--build", BUILD, *options, *files], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
                              env={"PROTOHOST_CONFORMANCE_PATIENCE": "2"})
    return done.returncode, done.stdout


class Verdicts(unittest.TestCase):
    """What passes and what does not."""

    def check(self, code, *words, texts, options=()):
        got, said = play(*texts, options=options)
        self.assertEqual(got, code, said)
        for word in words:
            self.assertIn(word, said)

    def test_equal_traces_pass(self):
        self.check(0, "1 scenarios", "0 failed", texts=[ECHO])

    def test_a_difference_fails_and_is_shown_side_by_side(self):
        self.check(1, "FAILED scenario-0: protohostd and asyncio differ", "! ", "| eof_received", texts=[
            ONCE, ECHO], options=["--jobs", "1"])

    def test_a_difference_on_purpose_passes(self):
        expect = "expect:\n  protocol: [connection_made, eof_received, gate late]\n  peer: []\n"
        self.check(0, "0 failed", texts=[ONCE + "differs: D2\n" + expect])

    def test_a_wrong_expectation_fails(self):
        expect = "expect:\n  protocol: [connection_made, gate late]\n  peer: []\n"
        self.check(1, "protohostd does not do what the scenario expects", "! ", texts=[ONCE + "differs: D2\n" + expect])

    def test_a_stale_difference_fails(self):
        self.check(1, "stale: asyncio does the same", texts=[ECHO + "differs: D2\nexpect:" + TRACE])

    def test_a_stale_baseline_fails(self):
        if sys.version_info < (3, 13):
            self.check(1, "stale: asyncio does the same", texts=[ECHO + "baseline: B50\nexpect:" + TRACE])

    def test_ours_alone_is_compared_with_what_is_expected(self):
        self.check(0, "0 failed", texts=[ECHO + "only: ours\nexpect:" + TRACE])
        self.check(1, "FAILED", texts=[ECHO + "only: ours\nexpect:" + TRACE.replace("hello", "hallo")])

    def test_what_does_not_happen_fails_with_its_place(self):
        self.check(1, "FAILED", "scenario-0.yaml:13: await: nothing in 2.0 s", texts=[ECHO + "- await: pause_writing\n"])

    def test_a_scenario_that_waits_is_counted_aloud(self):
        self.check(0, "SKIPPED 1 scenario", "1 scenarios", texts=[ECHO, ECHO + "needs: endpoints\n"])

    def test_nothing_to_play_is_no_success(self):
        self.check(1, "0 scenarios", texts=[ECHO + "needs: endpoints\n"])

    def test_bytes_that_look_like_fill_are_no_success(self):
        fills = ECHO.replace("  data_received: echo", "  connection_made: [fill: 100, write: {hex: " + 40 * "00" + "}, close]")
        awaits = fills.replace("- send: hello\n- receive: 5\n- half_close\n", "- await: connection_made\n")
        self.check(1, "cannot be told", texts=[awaits + "buffers: 16384\n"])

    def test_filling_what_somebody_empties_has_an_end(self):
        taken = "on:\n  connection_made: [fill, close]\npeer: [connect, receive: end]"
        stream = ECHO[:ECHO.index("on:")] + taken
        # UDP takes everything, whether somebody receives or not.
        datagrams = DATAGRAMS.replace("echo", "fill").replace("datagram: [ab, c], receive_datagrams: 2",
                                                             "datagram: ab, await: filled")
        for text in (stream, datagrams):
            problem = "protocol: fill: nothing waits after 1 MiB"
            self.check(1, f"protohostd: {problem}", f" | {problem}", texts=[text])  # the second is asyncio's

    def test_a_daemon_that_does_not_start_says_why_once(self):
        code, said = play(ECHO + "unit: {colour: red}\n", ECHO, options=["--jobs", "1"])
        self.assertEqual(code, 1, said)
        self.assertEqual(said.count("colour: unknown key"), 1, said)
        self.assertIn("FAILED scenario-1: protohostd: stuck: the daemon does not start, as was said before", said)

    def test_injection_reaches_pipes(self):
        asks = PIPE + "chunks: any\non: {eof_received: largest_data}\n"
        self.check(0, "0 failed", texts=[asks])
        self.check(1, "! largest_data 1 ", texts=[asks], options=["--inject"])

    def test_datagrams_are_compared_with_their_borders(self):
        protocol = "expect:\n  protocol: [connection_made, \"datagram_received 'ab' from <peer>\", " \
                   "\"datagram_received 'c' from <peer>\"]\n  peer: "
        self.check(0, "0 failed", texts=[DATAGRAMS])
        self.check(0, "0 failed", texts=[DATAGRAMS + "only: ours\n" + protocol + "[datagram 'ab', datagram 'c']\n"])
        self.check(1, "! datagram 'ab'", texts=[DATAGRAMS + "only: ours\n" + protocol + "[datagram 'a', datagram 'bc']\n"])

    def test_a_long_row_of_datagrams_tells_where_its_borders_are(self):
        many = DATAGRAMS.replace("receive_datagrams: 2", "receive_datagrams: 12")
        one, other = ", ".join(["xx"] * 12), ", ".join(["x", "xxx"] + ["xx"] * 10)
        said = [play(many.replace("ab, c", sizes), options=["--show"])[1] for sizes in (one, other)]
        rows = [next(line for line in text.splitlines() if "datagram 12 of 24 bytes" in line) for text in said]
        self.assertNotEqual(*rows)

    def test_injection_plays_what_allows_it_and_names_the_rest(self):
        free = "chunks: any" + ECHO
        self.check(0, "SKIPPED scenario-0: ", "1 scenarios with", texts=[ECHO, free], options=["--inject"])
        self.check(1, "SKIPPED scenario-0: ", "nothing was played", texts=[ECHO], options=["--inject"])

    def test_injection_reaches_the_daemon(self):
        asks = ECHO.replace(
            "on:\n", "chunks: any\non:\n  eof_received: largest_data\n")
        self.check(0, "0 failed", texts=[asks])
        self.check(1, "! largest_data 1 ", texts=[asks], options=["--inject"])


class OverTls(unittest.TestCase):
    """What over_tls.yaml says is done, and nothing is left out of it."""

    def play(self, text, scenario=ECHO, options=()):
        """One scenario, scenario-0, of which such a file says `text`."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            return play(scenario, options=["--tls", *options, "--over-tls", file.name])

    def everything(self, text):
        """The file `text` in place of the real one, with all real scenarios."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([sys.executable, HERE / "run", "--build", BUILD, "--tls", "--over-tls", file.name], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.returncode, done.stdout

    def refused(self, text, *words):
        code, said = self.everything(text)
        self.assertEqual(code, 2, said)
        for word in words:
            self.assertIn(word, said)

    def test_each_scenario_of_streams_has_its_place(self):
        real = (HERE / "over_tls.yaml").read_text()
        self.assertEqual(real.count("  - tcp-echo\n"), 1)
        self.refused(real.replace("  - tcp-echo\n", ""), "tcp-echo is neither played over TLS nor has a reason")
        self.refused(real.replace("  - tcp-echo\n", "  - tcp-echo\n  - tcp-echo\n"), "tcp-echo is here twice")
        self.refused(real + "  - udp-ipv6\n", "udp-ipv6 is no scenario of streams", "remove it")
        self.refused(real + "- against: tcp\n  scenarios: []\n", "against and reason do not go together")

    def test_it_is_played_as_it_is_said(self):
        for against in ("tls", "tcp"):
            reason = "" if against == "tls" else "  reason: a test\n"
            code, said = self.play(f"- against: {against}\n{reason}  scenarios: [scenario-0]\n")
            self.assertEqual(code, 0, said)
            self.assertIn("1 scenarios", said)

    def test_what_tls_makes_of_a_line_is_expected(self):
        wrong = "- against: tcp\n  reason: a test\n  sees: {end: error cut off}\n  scenarios: [scenario-0]\n"
        code, said = self.play(wrong)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"! end +\| error cut off")

    def test_what_must_stay_whole_is_not_injected(self):
        free = ECHO.replace("on:\n", "chunks: any\non:\n")
        for whole, code, said in (("", 0, "1 scenarios"), ("  whole: a test\n", 1, "nothing was played")):
            got, printed = self.play(f"- against: tls\n{whole}  scenarios: [scenario-0]\n", free, ["--inject"])
            self.assertEqual(got, code, printed)
            self.assertIn(said, printed)

    def test_a_trace_that_is_no_other_is_stale(self):
        same = ("- against: tcp\n  reason: a test\n  scenarios: [scenario-0]\n  expect:\n    peer: [received 'hello', end]\n"
                "    protocol: [connection_made, data_received 'hello', eof_received, connection_lost none]\n")
        code, said = self.play(same)
        self.assertEqual(code, 1, said)
        self.assertIn("stale: asyncio does the same", said)


class Refusals(unittest.TestCase):
    """What cannot be read: place, what is wrong, remedy. Exit code 2."""

    def refused(self, text, *words):
        code, said = play(text)
        self.assertEqual(code, 2, said)
        for word in words:
            self.assertIn(word, said)

    def test_an_unknown_key(self):
        self.refused(ECHO + "behavior: x\n", "scenario-0.yaml:13:1: behavior: unknown key", "known here: what, behaviours")

    def test_an_unknown_action(self):
        self.refused(ECHO.replace("echo\npeer", "ecco\npeer"), ':5:18: on.data_received: unknown action "ecco"', "known: abort")

    def test_an_unknown_step(self):
        self.refused(ECHO.replace("half_close", "halve"), ":10:3: peer[4]: unknown step \"halve\"", "known: accept")

    def test_an_unknown_callback(self):
        self.refused(ECHO.replace("data_received", "data_recieved"), '"data_recieved" never happens', "one of: ")

    def test_a_missing_key(self):
        self.refused(ECHO.replace("behaviours: [B50]", ""), '"behaviours" is missing', "add behaviours:")

    def test_a_key_twice(self):
        self.refused(ECHO + "what: again\n", ':13:1: ', '"what" is here twice')

    def test_a_difference_without_an_expectation(self):
        self.refused(ECHO + "differs: D2\n", "belong together")

    def test_an_expectation_without_a_reason(self):
        self.refused(ECHO + "expect:" + TRACE, "belong together")

    def test_a_gate_that_nobody_has(self):
        self.refused(ECHO + "- release: late\n", "no gate late")

    def test_counting_calls_where_chunks_may_be_any(self):
        text = ECHO.replace("data_received: echo", "data_received: {write: x}")
        self.refused(text + "chunks: any\n", "counts calls", 'write "received N" instead')

    def test_a_peer_without_a_name_where_all_have_one(self):
        self.refused(DATAGRAMS.replace("[connect,", "[{connect: {unnamed: true}},"), "only UNIX sockets of datagrams")

    def test_a_name_of_its_own_where_nothing_connects(self):
        self.refused(ECHO + "local: path\n", "local: only a unit that connects to a UNIX socket has it")

    def test_what_is_no_yaml(self):
        self.refused("what: [", "scenario-0.yaml")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    known, rest = parser.parse_known_args()
    BUILD = known.build
    unittest.main(argv=[sys.argv[0], *rest])
