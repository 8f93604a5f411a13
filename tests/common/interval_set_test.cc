#include "common/interval_set.h"

#include <random>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "common/codec.h"

using namespace usine;

namespace {

IntervalSet set_of(std::initializer_list<IntervalSet::Interval> intervals) {
  IntervalSet set;
  for (const IntervalSet::Interval interval : intervals) set.insert(interval);
  return set;
}

void check_same(const IntervalSet& set, const std::set<std::uint32_t>& plain) {
  REQUIRE(set.count() == plain.size());
  for (std::uint32_t i = 0; i < 130; ++i) REQUIRE(set.contains(i) == plain.contains(i));
  std::uint64_t covered = 0;
  std::int64_t before = -2;
  for (const IntervalSet::Interval interval : set.intervals()) {
    REQUIRE(std::int64_t{interval.first} > before + 1);
    REQUIRE(interval.first <= interval.last);
    covered += interval.last - interval.first + 1;
    before = interval.last;
  }
  REQUIRE(covered == plain.size());
}

// One random change to both.
void change(std::mt19937_64& random, IntervalSet& set, std::set<std::uint32_t>& plain) {
  const auto first = static_cast<std::uint32_t>(random() % 120);
  const auto last = first + static_cast<std::uint32_t>(random() % 9);
  const bool insert = random() % 2 == 0;
  insert ? set.insert({first, last}) : set.erase({first, last});
  for (std::uint32_t i = first; i <= last; ++i) {
    if (insert) plain.insert(i);
    if (!insert) plain.erase(i);
  }
}

}  // namespace

TEST_CASE("neighbours become one interval however they come") {
  IntervalSet set = set_of({{4, 6}, {0, 1}, {8, 8}});
  CHECK(set.interval_count() == 3);
  set.insert(7);
  CHECK(set.interval_count() == 2);
  set.insert({2, 3});
  CHECK(set == IntervalSet::first_numbers(9));
}

TEST_CASE("what is taken out of the middle leaves both sides") {
  IntervalSet set = IntervalSet::first_numbers(1'000'000);
  set.erase({10, 19});
  CHECK(set.count() == 999'990);
  CHECK(set.intervals() == std::vector<IntervalSet::Interval>{{0, 9}, {20, 999'999}});
  CHECK(set.front() == 0);
  set.erase({0, 15});
  CHECK(set.front() == 20);
}

TEST_CASE("the highest number is a member like any other") {
  constexpr std::uint32_t kHighest = 4'294'967'295;
  IntervalSet set = set_of({{kHighest - 1, kHighest}});
  set.insert(kHighest);
  CHECK(set.count() == 2);
  set.erase(kHighest);
  CHECK(set == set_of({{kHighest - 1, kHighest - 1}}));
}

TEST_CASE("random changes agree with a plain set") {
  const std::uint64_t seed = 20'261'121;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    IntervalSet set;
    std::set<std::uint32_t> plain;
    for (int step = 0; step < 60; ++step) {
      change(random, set, plain);
      check_same(set, plain);
    }
  }
}

TEST_CASE("an intersection holds what is in both") {
  const IntervalSet a = set_of({{0, 5}, {10, 20}, {30, 30}});
  const IntervalSet b = set_of({{3, 12}, {15, 40}});
  CHECK(a.intersection(b) == set_of({{3, 5}, {10, 12}, {15, 20}, {30, 30}}));
  CHECK(a.intersection({}).empty());
}

TEST_CASE("an interval set reads back from its bytes and overlapping intervals are damage") {
  const IntervalSet set = set_of({{0, 5}, {10, 999'999}});
  const std::string bytes = codec::encode(set);
  CHECK(bytes.size() < 12);
  const auto back = codec::decode<IntervalSet>(bytes);
  REQUIRE(back);
  CHECK(*back == set);
  CHECK(back->count() == set.count());
  const std::map<std::uint32_t, std::uint32_t> overlapping{{0, 5}, {3, 9}};
  CHECK_FALSE(codec::decode<IntervalSet>(codec::encode(overlapping)));
}
