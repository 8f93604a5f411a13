#include "common/index_set.h"

#include <random>
#include <set>

#include <doctest/doctest.h>

namespace usine {
namespace {

CoreSet set_of(std::initializer_list<std::size_t> indexes) {
  CoreSet set;
  for (const std::size_t index : indexes) set.insert(index);
  return set;
}

TEST_CASE("an index set holds what was inserted and not erased") {
  CoreSet set = set_of({0, 63, 64, 511});
  CHECK(set.count() == 4);
  CHECK(set.contains(511));
  CHECK(!set.contains(510));
  CHECK(!set.contains(512));
  set.erase(63);
  CHECK(!set.contains(63));
  CHECK(set.count() == 3);
}

TEST_CASE("an index set is iterated from the lowest index") {
  std::vector<std::size_t> seen;
  for (const std::size_t index : set_of({511, 0, 64, 63})) seen.push_back(index);
  CHECK(seen == std::vector<std::size_t>{0, 63, 64, 511});
  for (const std::size_t index : CoreSet{}) FAIL("the empty set holds " << index);
}

TEST_CASE("set algebra agrees with the standard library's sets") {
  const unsigned seed = 7;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    CoreSet a;
    CoreSet b;
    for (int i = 0; i < 40; ++i) {
      a.insert(random() % CoreSet::kCapacity);
      b.insert(random() % CoreSet::kCapacity);
    }
    for (std::size_t i = 0; i < CoreSet::kCapacity; ++i) {
      CHECK((a | b).contains(i) == (a.contains(i) || b.contains(i)));
      CHECK((a & b).contains(i) == (a.contains(i) && b.contains(i)));
      CHECK((a - b).contains(i) == (a.contains(i) && !b.contains(i)));
    }
    CHECK((a | b).includes(a));
    CHECK(a.intersects(b) == !(a & b).empty());
    CHECK(!(a - b).intersects(b));
  }
}

TEST_CASE("the first n indexes are a set") {
  CHECK(CoreSet::first(0).empty());
  CHECK(CoreSet::first(130).count() == 130);
  CHECK(CoreSet::first(512).contains(511));
}

TEST_CASE("an index set is written as ranges") {
  CHECK(CoreSet{}.to_string() == "");
  CHECK(set_of({5}).to_string() == "5");
  CHECK(set_of({0, 1, 2, 3, 8}).to_string() == "0-3,8");
  CHECK(set_of({62, 63, 64, 65, 511}).to_string() == "62-65,511");
  CHECK(CoreSet::first(512).to_string() == "0-511");
}

TEST_CASE("an index set reads back from its bytes") {
  for (const CoreSet& set : {CoreSet{}, set_of({0}), set_of({3, 200}), CoreSet::first(512)}) {
    CHECK(codec::decode<CoreSet>(codec::encode(set)) == set);
  }
}

TEST_CASE("an index set of more words than it can hold does not read back") {
  using SetAndNumber = std::pair<GpuSet, std::uint8_t>;
  CHECK(codec::decode<SetAndNumber>(std::string("\x01\x05\x07", 3)).has_value());
  // Two words in a set of one: the second would be taken for the number.
  CHECK(!codec::decode<SetAndNumber>(std::string("\x02\x05\x07", 3)).has_value());
}

TEST_CASE("a small set of large capacity takes few bytes") {
  CHECK(codec::encode(set_of({0, 5})).size() == 2);
}

}  // namespace
}  // namespace usine
