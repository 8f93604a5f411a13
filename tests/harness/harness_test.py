#!/usr/bin/env python3
"""Shows that a skipped test is reported as skipped with its reason, that a failure is never hidden
by a skip, and that a run which matches no test fails. Usage: harness_test.py PROBE TEST_SUMMARY"""

import subprocess
import sys
import tempfile
import unittest

PROBE, SUMMARY = sys.argv[1:3]
SKIPPED = 77

CASE = (
    '<testcase name="{name}" status="{status}">{inside}'
    "<system-out>{output}</system-out></testcase>"
)
SKIP = '<skipped message="SKIP_RETURN_CODE=77"/>'


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def probe(case):
    return run(PROBE, f"-tc={case}")


def summarise(*cases):
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as results, \
            tempfile.NamedTemporaryFile("w") as configure:
        results.write("<testsuite>" + "".join(cases) + "</testsuite>")
        results.flush()
        configure.write("-- skipped: gradients over NCCL\n-- Configuring done\n")
        configure.flush()
        return run(sys.executable, "-B", SUMMARY, results.name, configure.name)


def case(name, status="run", inside="", output=""):
    return CASE.format(name=name, status=status, inside=inside, output=output)


class Probe(unittest.TestCase):
    def test_outcomes_have_their_exit_codes(self):
        self.assertEqual(probe("passes").returncode, 0)
        self.assertEqual(probe("fails").returncode, 1)
        self.assertEqual(probe("skips").returncode, SKIPPED)

    def test_a_skip_says_which_case_and_why(self):
        self.assertIn("SKIPPED: skips: no such hardware here", probe("skips").stdout)

    def test_a_failure_is_not_hidden_by_a_skip(self):
        self.assertEqual(probe("fails and then skips").returncode, 1)

    def test_a_run_that_matches_nothing_fails(self):
        self.assertEqual(probe("no case has this name").returncode, 1)


class Summary(unittest.TestCase):
    def test_the_last_line_holds_the_counts(self):
        skip = case("p/b", "notrun", SKIP, "SKIPPED: b: no GPU here")
        shown = summarise(case("p/a"), skip)
        self.assertEqual(shown.stdout.splitlines()[-1], "1 passed, 0 failed, 1 skipped")
        self.assertIn("p/b: no GPU here", shown.stdout)
        self.assertIn("gradients over NCCL", shown.stdout)
        self.assertEqual(shown.returncode, 0)

    def test_a_test_that_could_not_start_has_failed(self):
        lost = case("p/a", "notrun", '<skipped message="Unable to find executable"/>')
        shown = summarise(lost)
        self.assertEqual(shown.stdout.splitlines()[-1], "0 passed, 1 failed, 0 skipped")
        self.assertEqual(shown.returncode, 1)

    def test_a_failure_fails_the_run(self):
        shown = summarise(case("p/a"), case("p/b", "fail", '<failure message=""/>'))
        self.assertEqual(shown.returncode, 1)
        self.assertIn("== failed\n  p/b\n", shown.stdout)

    def test_a_run_of_nothing_fails(self):
        self.assertEqual(summarise().returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
