// Cases of every outcome, for harness_test.py, which runs them one by one.
#include <doctest/doctest.h>

#include "tests/support/skip.h"

TEST_CASE("passes") { CHECK(true); }

TEST_CASE("fails") { CHECK(false); }

TEST_CASE("skips") { USINE_SKIP("no such hardware here"); }

TEST_CASE("fails and then skips") {
  CHECK(false);
  USINE_SKIP("no such hardware here");
}
