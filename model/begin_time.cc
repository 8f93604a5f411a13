#include "model/begin_time.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace usine {
namespace {

constexpr std::int64_t kDelayMax = 10LL * 366 * 24 * 3600;

std::unexpected<Error> malformed(std::string_view text) {
  return fail(ErrorCode::kInvalid,
              "'" + std::string(text) +
                  "' is not a time to begin: write now+2hours, 16:00, tomorrow, 2026-11-21, "
                  "2026-11-21T08:00:00 (local time) or 2026-11-21T08:00:00Z");
}

// Seconds of "minutes", "min", "hours", ...; none for another word.
std::optional<std::int64_t> unit_seconds(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits = {{
      {"seconds", 1},
      {"minutes", 60},
      {"hours", 3600},
      {"days", 24 * 3600},
      {"weeks", 7 * 24 * 3600},
  }};
  if (unit.empty()) return 1;
  for (const auto& [name, seconds] : kUnits) {
    if (name.starts_with(unit)) return seconds;
  }
  return std::nullopt;
}

// What follows "now": nothing, or "+N" with a unit.
std::optional<Seconds> parse_delay(std::string_view text) {
  if (text.empty()) return Seconds(0);
  if (text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  std::int64_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc() || amount < 0) return std::nullopt;
  const auto unit = unit_seconds(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!unit || amount > kDelayMax / *unit) return std::nullopt;
  return Seconds(amount * *unit);
}

Seconds offset_at(const LocalClock& clock, Time time) {
  return clock.utc_offset ? clock.utc_offset(time) : Seconds(0);
}

// The instant at which local clocks show what `local` would be in UTC. The offset is that of the
// instant itself and not of today, since summer time may begin between the two.
Time from_local(Time local, const LocalClock& clock) {
  const Time guess = local - offset_at(clock, local);
  return local - offset_at(clock, guess);
}

Time local_midnight(Time now, const LocalClock& clock) {
  const Time local = now + offset_at(clock, now);
  return Time(std::chrono::floor<std::chrono::days>(local.time_since_epoch()));
}

// "2026-11-21" and its forms with a time but without an offset, read as if they were UTC.
std::optional<Time> parse_local(std::string_view text) {
  std::string whole(text);
  if (whole.size() == 10) whole += "T00:00";
  if (whole.size() == 16) whole += ":00";
  if (whole.size() != 19) return std::nullopt;
  const auto time = parse_time(whole + "Z");
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<Time> parse_time_of_day(std::string_view text, const LocalClock& clock) {
  if (text.size() != 5 && text.size() != 8) return std::nullopt;
  const auto since_midnight = parse_local("1970-01-01T" + std::string(text));
  if (!since_midnight) return std::nullopt;
  const Time today = local_midnight(clock.now, clock) + since_midnight->time_since_epoch();
  const Time begin = from_local(today, clock);
  return begin > clock.now ? begin : from_local(today + std::chrono::days(1), clock);
}

}  // namespace

Result<Time> parse_begin(std::string_view text, const LocalClock& clock) {
  if (text.starts_with("now")) {
    const auto delay = parse_delay(text.substr(3));
    if (!delay) return malformed(text);
    return clock.now + *delay;
  }
  if (text == "today") return from_local(local_midnight(clock.now, clock), clock);
  if (text == "tomorrow") {
    return from_local(local_midnight(clock.now, clock) + std::chrono::days(1), clock);
  }
  if (const auto begin = parse_time_of_day(text, clock)) return *begin;
  if (const auto local = parse_local(text)) return from_local(*local, clock);
  if (const auto time = parse_time(text)) return *time;
  return malformed(text);
}

}  // namespace usine
