// A set of whole numbers kept as the intervals it consists of, so that a million neighbours cost as
// much as one: tasks of a job array that wait or have ended. Pure value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/check.h"

namespace usine {

class IntervalSet {
 public:
  using Number = std::uint32_t;
  struct Interval {
    Number first = 0;
    Number last = 0;  // belongs to it

    friend bool operator==(const Interval&, const Interval&) = default;
  };

  // {0, 1, ..., count - 1}.
  [[nodiscard]] static IntervalSet first_numbers(std::uint64_t count);

  // Numbers that are in already, or not in, are no error. Time: logarithmic in the intervals, and
  // linear in those that the new one covers.
  void insert(Interval interval);
  void insert(Number number) { insert({number, number}); }
  void erase(Interval interval);
  void erase(Number number) { erase({number, number}); }
  void insert_all(const IntervalSet& other);
  void erase_all(const IntervalSet& other);

  [[nodiscard]] bool contains(Number number) const;
  [[nodiscard]] bool empty() const { return last_of_.empty(); }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Number front() const;  // the smallest; the set is not empty
  [[nodiscard]] std::size_t interval_count() const { return last_of_.size(); }
  // Ascending, with a gap between each and the next.
  [[nodiscard]] std::vector<Interval> intervals() const;
  [[nodiscard]] IntervalSet intersection(const IntervalSet& other) const;

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

  template <typename Archive>
  friend void fields(Archive& archive, IntervalSet& set) {
    archive(set.last_of_);
    if constexpr (requires { archive.fault(); }) {
      if (!set.recount()) archive.fault();
    }
  }

 private:
  // After reading: the count, and whether the intervals are what a set has.
  [[nodiscard]] bool recount();

  std::map<Number, Number> last_of_;  // by the first number of each interval
  std::uint64_t count_ = 0;
};

}  // namespace usine
