#include "common/interval_set.h"

#include <algorithm>
#include <iterator>

namespace usine {
namespace {

std::uint64_t length(std::uint64_t first, std::uint64_t last) { return last - first + 1; }

}  // namespace

IntervalSet IntervalSet::first_numbers(std::uint64_t count) {
  IntervalSet set;
  if (count > 0) set.insert({0, static_cast<Number>(count - 1)});
  return set;
}

void IntervalSet::insert(Interval interval) {
  CHECK_THAT(interval.first <= interval.last);
  auto next = last_of_.upper_bound(interval.first);
  if (next != last_of_.begin()) {
    const auto before = std::prev(next);
    if (std::uint64_t{before->second} + 1 >= interval.first) next = before;
  }
  while (next != last_of_.end() && next->first <= std::uint64_t{interval.last} + 1) {
    interval.first = std::min(interval.first, next->first);
    interval.last = std::max(interval.last, next->second);
    count_ -= length(next->first, next->second);
    next = last_of_.erase(next);
  }
  last_of_.emplace_hint(next, interval.first, interval.last);
  count_ += length(interval.first, interval.last);
}

void IntervalSet::erase(Interval interval) {
  CHECK_THAT(interval.first <= interval.last);
  auto next = last_of_.upper_bound(interval.first);
  if (next != last_of_.begin() && std::prev(next)->second >= interval.first) --next;
  while (next != last_of_.end() && next->first <= interval.last) {
    const Interval old{next->first, next->second};
    count_ -= length(old.first, old.last);
    next = last_of_.erase(next);
    if (old.first < interval.first) insert({old.first, interval.first - 1});
    if (old.last > interval.last) insert({interval.last + 1, old.last});
  }
}

void IntervalSet::insert_all(const IntervalSet& other) {
  for (const auto& [first, last] : other.last_of_) insert({first, last});
}

void IntervalSet::erase_all(const IntervalSet& other) {
  for (const auto& [first, last] : other.last_of_) erase({first, last});
}

bool IntervalSet::contains(Number number) const {
  const auto after = last_of_.upper_bound(number);
  return after != last_of_.begin() && std::prev(after)->second >= number;
}

IntervalSet::Number IntervalSet::front() const {
  CHECK_THAT(!last_of_.empty());
  return last_of_.begin()->first;
}

std::vector<IntervalSet::Interval> IntervalSet::intervals() const {
  std::vector<Interval> all;
  all.reserve(last_of_.size());
  for (const auto& [first, last] : last_of_) all.push_back({first, last});
  return all;
}

IntervalSet IntervalSet::intersection(const IntervalSet& other) const {
  IntervalSet both;
  auto mine = last_of_.begin();
  auto its = other.last_of_.begin();
  while (mine != last_of_.end() && its != other.last_of_.end()) {
    const Interval shared{std::max(mine->first, its->first), std::min(mine->second, its->second)};
    if (shared.first <= shared.last) both.insert(shared);
    if (mine->second < its->second) {
      ++mine;
    } else {
      ++its;
    }
  }
  return both;
}

bool IntervalSet::recount() {
  count_ = 0;
  std::optional<Number> before;
  for (const auto& [first, last] : last_of_) {
    if (last < first || (before && first <= std::uint64_t{*before} + 1)) return false;
    count_ += length(first, last);
    before = last;
  }
  return true;
}

}  // namespace usine
