// Collectives that meet in the head shepherd.
#include "agent/shepherd/fence_join.h"

#include <string>

#include <doctest/doctest.h>

using usine::shepherd::FenceJoin;

TEST_CASE("a fence is answered when the last node has come and in the order of nodes") {
  FenceJoin join;
  join.open(3, 100);
  CHECK(!join.add(0, 2, "c"));
  CHECK(!join.add(0, 0, "a"));
  CHECK(join.add(0, 1, "b") == "abc");
}

TEST_CASE("fences that overlap are kept apart") {
  FenceJoin join;
  join.open(2, 100);
  CHECK(!join.add(0, 0, "a0"));
  CHECK(!join.add(1, 0, "a1"));
  CHECK(join.add(0, 1, "b0") == "a0b0");
  CHECK(join.add(1, 1, "b1") == "a1b1");
}

TEST_CASE("a node that says its part twice completes no fence for another") {
  FenceJoin join;
  join.open(2, 100);
  CHECK(!join.add(0, 0, "old"));
  CHECK(!join.add(0, 0, "new"));
  CHECK(join.add(0, 1, "!") == "new!");
}

TEST_CASE("a barrier has an answer without data") {
  FenceJoin join;
  join.open(2, 100);
  CHECK(!join.add(0, 0, ""));
  CHECK(join.add(0, 1, "") == "");
}

TEST_CASE("an answer beyond its bound is never made") {
  FenceJoin join;
  join.open(2, 4);
  CHECK(!join.add(0, 0, "abc"));
  CHECK(!join.overgrown());
  CHECK(!join.add(0, 1, "de"));
  CHECK(join.overgrown());
}
