#include "common/time.h"

#include <array>
#include <cstdio>
#include <optional>
#include <vector>

namespace usine {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
// Longer limits are slips of the pen, and this bound keeps sums of times far from overflow.
constexpr std::int64_t kTimeLimitMaxDays = 3650;

// Takes a text apart from the left; every step says whether it found what it was asked for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool skip(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A number of `least` to `most` digits; takes as many as there are.
  std::optional<int> number(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t digits = 0;
    while (digits < most && digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    if (digits < least) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }
  std::optional<int> digits(std::size_t count) { return number(count, count); }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::sys_days> scan_date(Scanner& in) {
  const auto year = in.digits(4);
  if (!year || !in.skip('-')) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.skip('-')) return std::nullopt;
  const auto day = in.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

// ".5" is 500 ms; digits beyond milliseconds are cut off, as scheduler time has none.
std::optional<Millis> scan_fraction(Scanner& in) {
  if (!in.skip('.')) return Millis(0);
  std::int64_t millis = 0;
  std::int64_t unit = 100;
  bool any = false;
  while (const auto digit = in.digits(1)) {
    millis += *digit * unit;
    unit /= 10;
    any = true;
  }
  if (!any) return std::nullopt;
  return Millis(millis);
}

std::optional<Millis> scan_time_of_day(Scanner& in) {
  const auto hour = in.digits(2);
  if (!hour || !in.skip(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || !in.skip(':')) return std::nullopt;
  const auto second = in.digits(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto fraction = scan_fraction(in);
  if (!fraction) return std::nullopt;
  return Seconds(*hour * kHour + *minute * kMinute + *second) + *fraction;
}

// How far local time is ahead of UTC: "Z", "+01:00", "-09:30".
std::optional<Seconds> scan_offset(Scanner& in) {
  if (in.skip('Z') || in.skip('z')) return Seconds(0);
  const bool ahead = in.skip('+');
  if (!ahead && !in.skip('-')) return std::nullopt;
  const auto hour = in.digits(2);
  if (!hour || !in.skip(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const Seconds size(*hour * kHour + *minute * kMinute);
  return ahead ? size : -size;
}

std::optional<Time> scan_time(Scanner& in) {
  const auto date = scan_date(in);
  if (!date || !(in.skip('T') || in.skip('t'))) return std::nullopt;
  const auto of_day = scan_time_of_day(in);
  if (!of_day) return std::nullopt;
  const auto offset = scan_offset(in);
  if (!offset || !in.at_end()) return std::nullopt;
  return Time(Millis(date->time_since_epoch()) + *of_day - *offset);
}

// The colon-separated numbers at the front, at most three; none at all where one is missing.
std::optional<std::vector<std::int64_t>> scan_fields(Scanner& in) {
  constexpr std::size_t kFieldDigitsMax = 9;
  std::vector<std::int64_t> fields;
  do {
    const auto field = in.number(1, kFieldDigitsMax);
    if (!field || fields.size() == 3) return std::nullopt;
    fields.push_back(*field);
  } while (in.skip(':'));
  return fields;
}

// After "D-" the fields are hours, minutes, seconds; without it "MM", "MM:SS" or "HH:MM:SS".
Seconds sum_fields(std::optional<std::int64_t> days, const std::vector<std::int64_t>& fields) {
  constexpr std::array<std::int64_t, 3> kUnits = {kHour, kMinute, 1};
  const std::size_t first_unit = days || fields.size() == 3 ? 0 : 1;
  Seconds sum(days.value_or(0) * kDay);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    sum += Seconds(fields[i] * kUnits[first_unit + i]);
  }
  return sum;
}

std::optional<Seconds> scan_time_limit(Scanner& in) {
  const auto leading = scan_fields(in);
  if (!leading) return std::nullopt;
  if (!in.skip('-')) return in.at_end() ? std::optional(sum_fields({}, *leading)) : std::nullopt;
  const auto rest = scan_fields(in);
  if (leading->size() != 1 || !rest || !in.at_end()) return std::nullopt;
  return sum_fields(leading->front(), *rest);
}

}  // namespace

std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time.time_since_epoch());
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  const std::chrono::hh_mm_ss of_day(time.time_since_epoch() - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), of_day.hours().count(), of_day.minutes().count(),
                of_day.seconds().count());
  std::string result = text.data();
  if (const auto millis = of_day.subseconds().count(); millis != 0) {
    std::snprintf(text.data(), text.size(), ".%03ld", millis);
    result += text.data();
  }
  return result + 'Z';
}

Result<Time> parse_time(std::string_view text) {
  Scanner in(text);
  if (const auto time = scan_time(in)) return *time;
  return fail(ErrorCode::kInvalid, "'" + std::string(text) +
                                       "' is not a time: write 2026-11-21T08:00:00Z, or an offset "
                                       "such as +01:00 in place of Z");
}

Result<Seconds> parse_time_limit(std::string_view text) {
  Scanner in(text);
  const auto limit = scan_time_limit(in);
  if (!limit) {
    return fail(ErrorCode::kInvalid, "'" + std::string(text) +
                                         "' is not a time limit: write MM, MM:SS, HH:MM:SS, D-HH, "
                                         "D-HH:MM or D-HH:MM:SS");
  }
  if (*limit <= Seconds(0)) {
    return fail(ErrorCode::kInvalid, "a time limit must be more than zero");
  }
  if (*limit > Seconds(kTimeLimitMaxDays * kDay)) {
    return fail(ErrorCode::kInvalid, "'" + std::string(text) + "' is longer than " +
                                         std::to_string(kTimeLimitMaxDays) +
                                         " days: every job has a finite time limit");
  }
  return *limit;
}

std::string format_duration(Seconds duration) {
  const bool negative = duration < Seconds(0);
  const std::int64_t total = negative ? -duration.count() : duration.count();
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02ld:%02ld:%02ld", total % kDay / kHour,
                total % kHour / kMinute, total % kMinute);
  std::string result = negative ? "-" : "";
  if (total >= kDay) result += std::to_string(total / kDay) + '-';
  return result + text.data();
}

}  // namespace usine
