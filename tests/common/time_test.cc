#include "common/time.h"

#include <doctest/doctest.h>

namespace usine {
namespace {

Time at(std::int64_t millis) { return Time(Millis(millis)); }

TEST_CASE("a time is written in RFC 3339 and UTC") {
  CHECK(format_time(at(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_time(at(1795248000000)) == "2026-11-21T08:00:00Z");
  CHECK(format_time(at(1795248000007)) == "2026-11-21T08:00:00.007Z");
  CHECK(format_time(at(951782400000)) == "2000-02-29T00:00:00Z");
  CHECK(format_time(at(-1)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time that was written reads back as itself") {
  for (std::int64_t millis = -86'400'000'000; millis < 4'000'000'000'000;
       millis += 12'345'678'901) {
    CHECK(parse_time(format_time(at(millis))) == at(millis));
  }
}

TEST_CASE("an offset from UTC is taken off") {
  CHECK(parse_time("2026-11-21T09:30:00+01:30") == at(1795248000000));
  CHECK(parse_time("2026-11-20T23:00:00-09:00") == at(1795248000000));
  CHECK(parse_time("2026-11-21t08:00:00z") == at(1795248000000));
}

TEST_CASE("fractions of a second are cut to milliseconds") {
  CHECK(parse_time("1970-01-01T00:00:00.5Z") == at(500));
  CHECK(parse_time("1970-01-01T00:00:00.1239999Z") == at(123));
  CHECK(parse_time("1970-01-01T00:00:00.12345678901234567890Z") == at(123));
}

TEST_CASE("a text that is not a time is refused with the form to use") {
  for (const char* text :
       {"", "now", "2026-11-21", "2026-11-21T08:00:00", "2026-11-21 08:00:00Z",
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T08:60:00Z", "2026-11-21T08:00:60Z", "2026-11-21T08:00:00.Z",
        "2026-11-21T08:00:00Zulu", "2026-11-21T08:00:00+0100", "26-11-21T08:00:00Z"}) {
    CAPTURE(text);
    const Result<Time> time = parse_time(text);
    REQUIRE(!time);
    CHECK(time.error().code == ErrorCode::kInvalid);
    CHECK(time.error().message.find("2026-11-21T08:00:00Z") != std::string::npos);
  }
}

TEST_CASE("a time limit is read in each of the forms that Slurm takes") {
  CHECK(parse_time_limit("30") == Seconds(1800));
  CHECK(parse_time_limit("30:15") == Seconds(1815));
  CHECK(parse_time_limit("12:00:01") == Seconds(43201));
  CHECK(parse_time_limit("1-0") == Seconds(86400));
  CHECK(parse_time_limit("1-12") == Seconds(129600));
  CHECK(parse_time_limit("1-12:30") == Seconds(131400));
  CHECK(parse_time_limit("1-12:30:05") == Seconds(131405));
  CHECK(parse_time_limit("0:90:00") == Seconds(5400));
  CHECK(parse_time_limit("00:00:01") == Seconds(1));
}

TEST_CASE("a malformed time limit is refused with the list of forms") {
  for (const char* text : {"", "x", "1h", "-5", "1:2:3:4", "1-", "1-2-3", "1:2-3", "1::2",
                           "12:", "1 0", "9999999999", "UNLIMITED", "1-2:3:4:5"}) {
    CAPTURE(text);
    const Result<Seconds> limit = parse_time_limit(text);
    REQUIRE(!limit);
    CHECK(limit.error().message.find("D-HH:MM:SS") != std::string::npos);
  }
}

TEST_CASE("a time limit of zero or of more than ten years is refused") {
  CHECK(!parse_time_limit("0"));
  CHECK(!parse_time_limit("0-00:00:00"));
  CHECK(parse_time_limit("3650-0"));
  CHECK(!parse_time_limit("3650-00:00:01"));
  CHECK(!parse_time_limit("999999999-999999999:999999999:999999999"));
}

TEST_CASE("a duration is written with days only where there are any") {
  CHECK(format_duration(Seconds(0)) == "00:00:00");
  CHECK(format_duration(Seconds(7384)) == "02:03:04");
  CHECK(format_duration(Seconds(86399)) == "23:59:59");
  CHECK(format_duration(Seconds(93784)) == "1-02:03:04");
  CHECK(format_duration(Seconds(-61)) == "-00:01:01");
}

TEST_CASE("a duration that was written reads back as a time limit") {
  for (std::int64_t seconds = 1; seconds < 10'000'000; seconds += 7919) {
    CHECK(parse_time_limit(format_duration(Seconds(seconds))) == Seconds(seconds));
  }
}

}  // namespace
}  // namespace usine
