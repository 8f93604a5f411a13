// Collectives that meet in the head shepherd.
#include "agent/shepherd/fence_star.h"

#include <string>

#include <doctest/doctest.h>

using usine::shepherd::FenceStar;

TEST_CASE("a fence is answered when the last node has come and in the order of nodes") {
  FenceStar star;
  star.open(3, 100);
  CHECK(!star.add(0, 2, "c"));
  CHECK(!star.add(0, 0, "a"));
  CHECK(star.add(0, 1, "b") == "abc");
}

TEST_CASE("fences that overlap are kept apart") {
  FenceStar star;
  star.open(2, 100);
  CHECK(!star.add(0, 0, "a0"));
  CHECK(!star.add(1, 0, "a1"));
  CHECK(star.add(0, 1, "b0") == "a0b0");
  CHECK(star.add(1, 1, "b1") == "a1b1");
}

TEST_CASE("a node that says its part twice completes no fence for another") {
  FenceStar star;
  star.open(2, 100);
  CHECK(!star.add(0, 0, "old"));
  CHECK(!star.add(0, 0, "new"));
  CHECK(star.add(0, 1, "!") == "new!");
}

TEST_CASE("a barrier has an answer without data") {
  FenceStar star;
  star.open(2, 100);
  CHECK(!star.add(0, 0, ""));
  CHECK(star.add(0, 1, "") == "");
}

TEST_CASE("an answer beyond its bound is never made") {
  FenceStar star;
  star.open(2, 4);
  CHECK(!star.add(0, 0, "abc"));
  CHECK(!star.overgrown());
  CHECK(!star.add(0, 1, "de"));
  CHECK(star.overgrown());
}
