#include "common/codec.h"

#include <limits>

#include <doctest/doctest.h>

namespace usine {
namespace {

enum class Colour : std::uint8_t { kRed = 1, kBlue = 200 };

struct Leaf {
  JobId id;
  std::optional<std::string> note;

  friend bool operator==(const Leaf&, const Leaf&) = default;
  template <typename Archive>
  friend void fields(Archive& a, Leaf& leaf) {
    a(leaf.id, leaf.note);
  }
};

struct Tree {
  bool flag = false;
  Colour colour = Colour::kRed;
  std::chrono::milliseconds wait{};
  std::vector<Leaf> leaves;
  std::map<std::string, std::int32_t> sizes;
  std::set<std::uint16_t> ports;

  friend bool operator==(const Tree&, const Tree&) = default;
  template <typename Archive>
  friend void fields(Archive& a, Tree& tree) {
    a(tree.flag, tree.colour, tree.wait, tree.leaves, tree.sizes, tree.ports);
  }
};

Tree example() {
  return {.flag = true,
          .colour = Colour::kBlue,
          .wait = std::chrono::milliseconds(-1500),
          .leaves = {{JobId{7}, "seven"}, {JobId{1ULL << 63}, std::nullopt}},
          .sizes = {{"", -1}, {"b", std::numeric_limits<std::int32_t>::min()}},
          .ports = {1, 65535}};
}

template <typename T>
void check_round_trip(T value) {
  CHECK(codec::decode<T>(codec::encode(value)) == value);
}

TEST_CASE("integers at the ends of their ranges read back") {
  check_round_trip(std::numeric_limits<std::uint64_t>::max());
  check_round_trip(std::numeric_limits<std::int64_t>::min());
  check_round_trip(std::numeric_limits<std::int64_t>::max());
  check_round_trip(std::uint8_t{255});
  check_round_trip(std::int8_t{-128});
  check_round_trip(0);
}

TEST_CASE("small numbers of either sign take one byte") {
  CHECK(codec::encode(std::int64_t{-1}).size() == 1);
  CHECK(codec::encode(std::int64_t{63}).size() == 1);
  CHECK(codec::encode(std::uint64_t{127}).size() == 1);
  CHECK(codec::encode(std::uint64_t{128}).size() == 2);
}

TEST_CASE("a nested value reads back as itself") { check_round_trip(example()); }

TEST_CASE("every truncation of a value is refused as corrupt") {
  const std::string bytes = codec::encode(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto read = codec::decode<Tree>(std::string_view(bytes).substr(0, size));
    REQUIRE(!read);
    CHECK(read.error().code == ErrorCode::kCorrupt);
  }
}

TEST_CASE("bytes beyond the value are refused") {
  CHECK(!codec::decode<Tree>(codec::encode(example()) + "x"));
}

TEST_CASE("a number too wide for its type is refused") {
  CHECK(!codec::decode<std::uint8_t>(codec::encode(256U)));
  CHECK(!codec::decode<std::int8_t>(codec::encode(200)));
}

TEST_CASE("a damaged length asks for no memory") {
  const std::string huge = codec::encode(std::numeric_limits<std::uint64_t>::max());
  CHECK(!codec::decode<std::string>(huge));
  CHECK(!codec::decode<std::vector<Leaf>>(huge));
}

}  // namespace
}  // namespace usine
