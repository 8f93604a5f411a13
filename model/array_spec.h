// Which tasks a job array has, as the ranges that its user wrote and not as a list of a million
// numbers, and how many of them may run at once. A task is known to the user by its index and to
// the scheduler by its position: 0 for the lowest index, then on without gaps. Pure value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/interval_set.h"
#include "common/result.h"

namespace usine {

inline constexpr std::uint64_t kArrayTasksMax = 1'000'000;
inline constexpr std::uint32_t kArrayIndexMax = 999'999'999;

struct ArrayRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // belongs to it: first plus a multiple of step
  std::uint32_t step = 1;
  std::uint32_t position = 0;  // of the first: how many tasks come before this range

  [[nodiscard]] std::uint32_t count() const { return (last - first) / step + 1; }
  friend bool operator==(const ArrayRange&, const ArrayRange&) = default;
};

struct ArraySpec {
  std::vector<ArrayRange> ranges;  // ascending: each begins behind the end of the one before
  std::uint32_t limit = 0;         // so many tasks run at once at most; 0: as many as find room

  [[nodiscard]] std::uint32_t count() const;
  [[nodiscard]] std::uint32_t nth(std::uint32_t position) const;  // the index; position < count()
  [[nodiscard]] std::optional<std::uint32_t> position_of(std::uint32_t index) const;
  [[nodiscard]] bool contains(std::uint32_t index) const { return position_of(index).has_value(); }
  [[nodiscard]] std::uint32_t lowest() const { return ranges.front().first; }
  [[nodiscard]] std::uint32_t highest() const { return ranges.back().last; }
  // The step of an array that is one range; 1 for one that is a list.
  [[nodiscard]] std::uint32_t step() const { return ranges.size() == 1 ? ranges[0].step : 1; }
  // The positions of those tasks of this array that `selection` names; what it has not is left out.
  [[nodiscard]] IntervalSet positions_of(const ArraySpec& selection) const;

  friend bool operator==(const ArraySpec&, const ArraySpec&) = default;
};

// Where a task stands in its array, and the array's bounds: "1234_7" is index 7 of array 1234.
struct ArrayPlace {
  std::uint64_t id = 0;
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  std::uint32_t lowest = 0;
  std::uint32_t highest = 0;
  std::uint32_t step = 1;

  friend bool operator==(const ArrayPlace&, const ArrayPlace&) = default;
};

// "0-15", "0-15%4", "1,3,5-9:2%3". Errors: kInvalid, naming what cannot be read and the forms that
// can, an index above kArrayIndexMax, or more than kArrayTasksMax tasks.
[[nodiscard]] Result<ArraySpec> parse_array_spec(std::string_view text);

// What parse_array_spec() reads back: "0-15%4".
[[nodiscard]] std::string to_string(const ArraySpec& spec);

// The indexes at those positions, "5-15" or "1,3,5-9:2"; after `ranges_max` ranges ",...".
[[nodiscard]] std::string format_indexes(const ArraySpec& spec, const IntervalSet& positions,
                                         std::size_t ranges_max = SIZE_MAX);

template <typename A>
void fields(A& a, ArrayRange& v) {
  a(v.first, v.last, v.step, v.position);
}
template <typename A>
void fields(A& a, ArraySpec& v) {
  a(v.ranges, v.limit);
}

}  // namespace usine
