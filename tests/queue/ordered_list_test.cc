#include "scheduler/queue/ordered_list.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <doctest/doctest.h>

namespace usine {
namespace {

std::vector<int> values(const OrderedList<int>& list) { return {list.begin(), list.end()}; }

TEST_CASE("a list of many chunks is in order whatever the order of its changes") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  OrderedList<int> list;
  std::set<int> expected;
  for (int i = 0; i < 20'000; ++i) {
    const int value = static_cast<int>(random() % 5'000);
    if (random() % 3 == 0) {
      CHECK(list.erase(value) == (expected.erase(value) == 1));
    } else if (expected.insert(value).second) {
      list.insert(value);
    }
  }
  CHECK(std::ranges::equal(values(list), expected));
  CHECK(list.size() == expected.size());
  for (int value = -1; value <= 5'000; value += 7) {
    const auto found = list.lower_bound(value);
    const auto should = expected.lower_bound(value);
    REQUIRE((found == list.end()) == (should == expected.end()));
    if (should != expected.end()) CHECK(*found == *should);
  }
}

TEST_CASE("an emptied list can be filled again") {
  OrderedList<int> list;
  for (int i = 0; i < 1'000; ++i) list.insert(i);
  for (int i = 0; i < 1'000; ++i) CHECK(list.erase(i));
  CHECK(list.empty());
  CHECK(list.begin() == list.end());
  list.insert(7);
  CHECK(values(list) == std::vector<int>{7});
}

}  // namespace
}  // namespace usine
