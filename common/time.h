// Scheduler time: milliseconds since 1970 UTC. The clock has no now(), so that pure code cannot
// read time; it comes as an argument (ports/clock.h is where the shells get it).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usine {

using Millis = std::chrono::duration<std::int64_t, std::milli>;
using Seconds = std::chrono::duration<std::int64_t>;

struct SchedulerClock {
  using duration = Millis;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SchedulerClock>;
  static constexpr bool is_steady = false;
};

using Time = SchedulerClock::time_point;

// RFC 3339 in UTC with milliseconds where they are not zero: "2026-11-21T08:00:00Z".
[[nodiscard]] std::string format_time(Time time);

// The inverse of format_time, also with an offset ("+01:00"). Error: kInvalid, naming the form.
[[nodiscard]] Result<Time> parse_time(std::string_view text);

// A time limit in the forms Slurm takes: "MM", "MM:SS", "HH:MM:SS", "D-HH", "D-HH:MM",
// "D-HH:MM:SS"; more than zero. Error: kInvalid, listing the forms.
[[nodiscard]] Result<Seconds> parse_time_limit(std::string_view text);

// "1-02:03:04", or "02:03:04" below a day.
[[nodiscard]] std::string format_duration(Seconds duration);

}  // namespace usine
