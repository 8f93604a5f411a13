#include "model/begin_time.h"

#include <doctest/doctest.h>

using namespace usine;

namespace {

// Saturday 2026-03-28 12:00 in Paris, the day before summer time begins there (at 01:00 UTC).
LocalClock paris() {
  const auto summer = *parse_time("2026-03-29T01:00:00Z");
  return {*parse_time("2026-03-28T11:00:00Z"),
          [summer](Time time) { return Seconds(time < summer ? 3600 : 7200); }};
}

std::string begin(std::string_view text) {
  const auto time = parse_begin(text, paris());
  return time ? format_time(*time) : time.error().message;
}

}  // namespace

TEST_CASE("a begin time is read in each of its forms") {
  CHECK(begin("now") == "2026-03-28T11:00:00Z");
  CHECK(begin("now+90") == "2026-03-28T11:01:30Z");
  CHECK(begin("now+2hours") == "2026-03-28T13:00:00Z");
  CHECK(begin("now+1day") == "2026-03-29T11:00:00Z");
  CHECK(begin("16:00") == "2026-03-28T15:00:00Z");
  CHECK(begin("2026-03-28T16:30") == "2026-03-28T15:30:00Z");
  CHECK(begin("2026-03-28T16:30:10") == "2026-03-28T15:30:10Z");
  CHECK(begin("2026-03-28T16:30:10Z") == "2026-03-28T16:30:10Z");
  CHECK(begin("2026-03-28") == "2026-03-27T23:00:00Z");
  CHECK(begin("tomorrow") == "2026-03-28T23:00:00Z");
  CHECK(begin("today") == "2026-03-27T23:00:00Z");
}

TEST_CASE("a local begin time beyond a change of clocks is that of the clocks then") {
  CHECK(begin("10:00") == "2026-03-29T08:00:00Z");
  CHECK(begin("2026-03-30T10:00") == "2026-03-30T08:00:00Z");
}

TEST_CASE("a begin time that is none is refused with the forms") {
  for (const auto* text : {"", "soon", "now-1", "now+", "now+2fortnights", "25:00", "2026-02-30"}) {
    CAPTURE(text);
    CHECK(begin(text).find("is not a time to begin: write now+2hours") != std::string::npos);
  }
  CHECK(begin("now+99999999999999999999").find("is not a time") != std::string::npos);
}
