#include "model/array_spec.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "common/check.h"

namespace usine {
namespace {

constexpr std::string_view kForms =
    "write a range, a list, a step and how many may run at once: 0-15, 1,3,7, 0-100:10, 0-15%4";

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

std::unexpected<Error> unreadable(std::string_view text) {
  return invalid("'" + std::string(text) +
                 "' does not name tasks of an array: " + std::string(kForms));
}

// The whole of `text` as one number, with no sign.
std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// One element of the list: "7", "5-9", "5-9:2".
Result<ArrayRange> parse_range(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view bounds = text.substr(0, colon);
  const std::size_t dash = bounds.find('-');
  const auto first = number_of(bounds.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number_of(bounds.substr(dash + 1));
  const auto step =
      colon == std::string_view::npos ? std::optional(1U) : number_of(text.substr(colon + 1));
  if (!first || !last || !step) return unreadable(text);
  if (*last < *first) return invalid("'" + std::string(text) + "' ends before it begins");
  if (*step == 0) return invalid("'" + std::string(text) + "' has a step of 0: the least is 1");
  if (*last > kArrayIndexMax) {
    return invalid("'" + std::string(text) + "' goes beyond the highest index of an array, " +
                   std::to_string(kArrayIndexMax));
  }
  return ArrayRange{*first, *first + (*last - *first) / *step * *step, *step, 0};
}

std::vector<std::uint32_t> sorted_indexes(const std::vector<ArrayRange>& ranges) {
  std::vector<std::uint32_t> indexes;
  for (const ArrayRange& range : ranges) {
    for (std::uint32_t i = 0; i < range.count(); ++i) {
      indexes.push_back(range.first + i * range.step);
    }
  }
  std::ranges::sort(indexes);
  const auto repeated = std::ranges::unique(indexes);
  indexes.erase(repeated.begin(), repeated.end());
  return indexes;
}

// Neighbours become one range.
std::vector<ArrayRange> ranges_of(const std::vector<std::uint32_t>& indexes) {
  std::vector<ArrayRange> ranges;
  for (const std::uint32_t index : indexes) {
    if (!ranges.empty() && ranges.back().last + 1 == index) {
      ranges.back().last = index;
    } else {
      ranges.push_back({index, index, 1, 0});
    }
  }
  return ranges;
}

Result<std::vector<ArrayRange>> parse_ranges(std::string_view text) {
  std::vector<ArrayRange> ranges;
  std::uint64_t tasks = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto range = parse_range(text.substr(begin, end - begin));
    if (!range) return fail(range.error());
    tasks += range->count();
    ranges.push_back(*range);
    begin = end + 1;
  }
  if (tasks > kArrayTasksMax) {
    return invalid("an array of " + std::to_string(tasks) + " tasks is too long: the most is " +
                   std::to_string(kArrayTasksMax));
  }
  return ranges;
}

// Whether each range begins behind the end of the one before.
bool is_ascending(const std::vector<ArrayRange>& ranges) {
  const auto back = [](const ArrayRange& a, const ArrayRange& b) { return b.first <= a.last; };
  return std::ranges::adjacent_find(ranges, back) == ranges.end();
}

void number_positions(std::vector<ArrayRange>& ranges) {
  std::uint32_t position = 0;
  for (ArrayRange& range : ranges) {
    range.position = position;
    position += range.count();
  }
}

std::string to_string(const ArrayRange& range) {
  std::string text = std::to_string(range.first);
  if (range.last != range.first) text += '-' + std::to_string(range.last);
  if (range.last != range.first && range.step != 1) text += ':' + std::to_string(range.step);
  return text;
}

// The range that holds the position, where there is one.
const ArrayRange& range_at(const ArraySpec& spec, std::uint32_t position) {
  const auto after = std::ranges::upper_bound(spec.ranges, position, {}, &ArrayRange::position);
  CHECK_THAT(after != spec.ranges.begin());
  return *std::prev(after);
}

// How many tasks have an index below `index`.
std::uint32_t tasks_below(const ArraySpec& spec, std::uint64_t index) {
  const auto after = std::ranges::lower_bound(spec.ranges, index, {}, &ArrayRange::first);
  if (after == spec.ranges.begin()) return 0;
  const ArrayRange& range = *std::prev(after);
  if (index > range.last) return range.position + range.count();
  return range.position + static_cast<std::uint32_t>((index - 1 - range.first) / range.step) + 1;
}

}  // namespace

std::uint32_t ArraySpec::count() const {
  return ranges.empty() ? 0 : ranges.back().position + ranges.back().count();
}

std::uint32_t ArraySpec::nth(std::uint32_t position) const {
  const ArrayRange& range = range_at(*this, position);
  CHECK_THAT(position - range.position < range.count());
  return range.first + (position - range.position) * range.step;
}

std::optional<std::uint32_t> ArraySpec::position_of(std::uint32_t index) const {
  const std::uint32_t position = tasks_below(*this, index);
  if (position >= count() || nth(position) != index) return std::nullopt;
  return position;
}

IntervalSet ArraySpec::positions_of(const ArraySpec& selection) const {
  IntervalSet positions;
  for (const ArrayRange& range : selection.ranges) {
    if (range.step == 1) {
      const std::uint32_t begin = tasks_below(*this, range.first);
      const std::uint32_t end = tasks_below(*this, std::uint64_t{range.last} + 1);
      if (begin < end) positions.insert({begin, end - 1});
      continue;
    }
    for (std::uint32_t i = 0; i < range.count(); ++i) {
      if (const auto position = position_of(range.first + i * range.step)) {
        positions.insert(*position);
      }
    }
  }
  return positions;
}

Result<ArraySpec> parse_array_spec(std::string_view text) {
  ArraySpec spec;
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    const auto limit = number_of(text.substr(percent + 1));
    if (!limit) return unreadable(text);
    if (*limit == 0) {
      return invalid("'" + std::string(text) + "' lets no task run: write at least %1");
    }
    spec.limit = *limit;
  }
  auto ranges = parse_ranges(text.substr(0, percent));
  if (!ranges) return fail(ranges.error());
  spec.ranges = is_ascending(*ranges) ? *std::move(ranges) : ranges_of(sorted_indexes(*ranges));
  number_positions(spec.ranges);
  return spec;
}

std::string to_string(const ArraySpec& spec) {
  std::string text;
  for (const ArrayRange& range : spec.ranges) {
    if (!text.empty()) text += ',';
    text += to_string(range);
  }
  if (spec.limit > 0) text += '%' + std::to_string(spec.limit);
  return text;
}

std::string format_indexes(const ArraySpec& spec, const IntervalSet& positions,
                           std::size_t ranges_max) {
  std::string text;
  for (const IntervalSet::Interval& interval : positions.intervals()) {
    for (std::uint32_t at = interval.first; at <= interval.last;) {
      if (!text.empty()) text += ',';
      if (ranges_max-- == 0) return text + "...";
      ArrayRange part = range_at(spec, at);
      const std::uint32_t end = std::min(interval.last, part.position + part.count() - 1);
      part.first = spec.nth(at);
      part.last = spec.nth(end);
      text += to_string(part);
      at = end + 1;
    }
  }
  return text;
}

}  // namespace usine
