#include "model/array_spec.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/codec.h"

using namespace usine;

namespace {

ArraySpec spec_of(std::string_view text) {
  const auto spec = parse_array_spec(text);
  REQUIRE_MESSAGE(spec, (spec ? "" : spec.error().message));
  return *spec;
}

std::vector<std::uint32_t> indexes_of(const ArraySpec& spec) {
  std::vector<std::uint32_t> indexes;
  for (std::uint32_t i = 0; i < spec.count(); ++i) indexes.push_back(spec.nth(i));
  return indexes;
}

std::string refusal(std::string_view text) {
  const auto spec = parse_array_spec(text);
  REQUIRE_FALSE(spec);
  CHECK(spec.error().code == ErrorCode::kInvalid);
  return spec.error().message;
}

}  // namespace

TEST_CASE("an array is written as ranges and lists and steps with a limit") {
  CHECK(indexes_of(spec_of("0-3")) == std::vector<std::uint32_t>{0, 1, 2, 3});
  CHECK(indexes_of(spec_of("7")) == std::vector<std::uint32_t>{7});
  CHECK(indexes_of(spec_of("1,3,5-9:2%3")) == std::vector<std::uint32_t>{1, 3, 5, 7, 9});
  CHECK(spec_of("1,3,5-9:2%3").limit == 3);
  CHECK(spec_of("0-15").limit == 0);
  CHECK(indexes_of(spec_of("0-10:4")) == std::vector<std::uint32_t>{0, 4, 8});
}

TEST_CASE("ranges in any order that overlap name each task once") {
  CHECK(indexes_of(spec_of("5-7,1,6-8")) == std::vector<std::uint32_t>{1, 5, 6, 7, 8});
  CHECK(to_string(spec_of("5-7,1,6-8%2")) == "1,5-8%2");
  CHECK(indexes_of(spec_of("0-6:2,0-6:3")) == std::vector<std::uint32_t>{0, 2, 3, 4, 6});
}

TEST_CASE("an array reads back from its text") {
  for (const std::string text : {"0-15%4", "1,3,5-9:2%3", "7", "0-999999", "2-10:4,11"}) {
    CHECK(to_string(spec_of(text)) == text);
  }
  CHECK(to_string(spec_of("0-9:4")) == "0-8:4");
}

TEST_CASE("a million tasks are one range") {
  const ArraySpec spec = spec_of("0-999999");
  CHECK(spec.ranges.size() == 1);
  CHECK(spec.count() == 1'000'000);
  CHECK(spec.nth(999'999) == 999'999);
  CHECK(codec::encode(spec).size() < 12);
}

TEST_CASE("a task's position and index lead to each other") {
  const ArraySpec spec = spec_of("3,10-30:5,100-102");
  for (std::uint32_t i = 0; i < spec.count(); ++i) CHECK(spec.position_of(spec.nth(i)) == i);
  for (const std::uint32_t index : {0U, 4U, 11U, 31U, 99U, 103U}) {
    CHECK_FALSE(spec.contains(index));
  }
  CHECK(spec.lowest() == 3);
  CHECK(spec.highest() == 102);
  CHECK(spec.step() == 1);
  CHECK(spec_of("0-8:2").step() == 2);
}

TEST_CASE("tasks that a selection names are found by position and others left out") {
  const ArraySpec spec = spec_of("0-20:2");
  CHECK(format_indexes(spec, spec.positions_of(spec_of("3-9"))) == "4-8:2");
  CHECK(format_indexes(spec, spec.positions_of(spec_of("0-20:4"))) == "0,4,8,12,16,20");
  CHECK(spec.positions_of(spec_of("1,21-40")).empty());
  CHECK(spec.positions_of(spec_of("0-100")).count() == 11);
}

TEST_CASE("indexes of some tasks are written as ranges and a long list is cut") {
  const ArraySpec spec = spec_of("0-99,200-300:10");
  IntervalSet some = IntervalSet::first_numbers(spec.count());
  CHECK(format_indexes(spec, some) == "0-99,200-300:10");
  some.erase({50, 50});
  some.erase({101, 101});
  CHECK(format_indexes(spec, some) == "0-49,51-99,200,220-300:10");
  CHECK(format_indexes(spec, some, 2) == "0-49,51-99,...");
  CHECK(format_indexes(spec, {}).empty());
}

TEST_CASE("what names no tasks is refused with the forms that do") {
  for (const std::string text : {"", "a", "1-", "-3", "1,,2", "1-5:", "0-15%", "1 - 3", "0-15%x"}) {
    CHECK(refusal(text).find("does not name tasks of an array: write a range") !=
          std::string::npos);
  }
  CHECK(refusal("9-3") == "'9-3' ends before it begins");
  CHECK(refusal("0-9:0") == "'0-9:0' has a step of 0: the least is 1");
  CHECK(refusal("0-9%0") == "'0-9%0' lets no task run: write at least %1");
  CHECK(refusal("0-1000000") == "an array of 1000001 tasks is too long: the most is 1000000");
  CHECK(refusal("1000000000") ==
        "'1000000000' goes beyond the highest index of an array, 999999999");
}
