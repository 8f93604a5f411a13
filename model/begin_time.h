// The forms in which --begin takes a time. Pure: the time now and the offset of local time come
// from the caller.
#pragma once

#include <functional>
#include <string_view>

#include "common/result.h"
#include "common/time.h"

namespace usine {

struct LocalClock {
  Time now{};
  // How far local time is ahead of UTC at that instant; empty: not at all.
  std::function<Seconds(Time)> utc_offset;
};

// "now", "now+90" (seconds) or "now+2hours", "16:00" (today, or tomorrow where that is past),
// "today", "tomorrow", "2026-11-21", "2026-11-21T08:00[:00]" in local time, and RFC 3339 with its
// own offset. Error: kInvalid, listing the forms.
[[nodiscard]] Result<Time> parse_begin(std::string_view text, const LocalClock& clock);

}  // namespace usine
