#include "cli/zone_clock.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "tests/support/skip.h"

using namespace usine;
using namespace usine::cli;

TEST_CASE("[B80] a zone's offsets name each change to the second") {
  const Time from = *parse_time("2026-01-01T00:00:00Z");
  const auto zone = ZoneClock::open("Europe/Berlin");
  if (!zone) USINE_SKIP("no time zone files here");
  const auto offsets = zone->offsets(from, *parse_time("2027-01-01T00:00:00Z"));
  REQUIRE(offsets.size() == 3);
  CHECK(offsets[0] == ZoneOffset{from, Seconds{3600}});
  CHECK(offsets[1] == ZoneOffset{*parse_time("2026-03-29T01:00:00Z"), Seconds{7200}});
  CHECK(offsets[2] == ZoneOffset{*parse_time("2026-10-25T01:00:00Z"), Seconds{3600}});
}

TEST_CASE("[B80] a zone that does not exist is an error and the process keeps its own") {
  const char* const before = std::getenv("TZ");
  const std::string kept = before != nullptr ? before : "";
  CHECK(ZoneClock::open("Europe/Atlantis").error().code == ErrorCode::kNotFound);
  CHECK_FALSE(ZoneClock::open("../../../etc/passwd").has_value());
  CHECK_FALSE(ZoneClock::open("").has_value());
  {
    const auto zone = ZoneClock::open("UTC");
    REQUIRE(zone.has_value());
    CHECK(zone->clock().utc_offset(Time{}) == Seconds{0});
  }
  const char* const after = std::getenv("TZ");
  CHECK((after != nullptr ? std::string(after) : "") == kept);
}
