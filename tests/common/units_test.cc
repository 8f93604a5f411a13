#include "common/units.h"

#include <doctest/doctest.h>

namespace usine {
namespace {

TEST_CASE("memory without a unit is in MiB") { CHECK(parse_memory_mib("4096") == 4096); }

TEST_CASE("memory units are powers of 1024 in every spelling") {
  CHECK(parse_memory_mib("4096M") == 4096);
  CHECK(parse_memory_mib("4G") == 4096);
  CHECK(parse_memory_mib("4g") == 4096);
  CHECK(parse_memory_mib("4GB") == 4096);
  CHECK(parse_memory_mib("4GiB") == 4096);
  CHECK(parse_memory_mib("2T") == 2 * 1024 * 1024);
  CHECK(parse_memory_mib("0") == 0);
}

TEST_CASE("kibibytes are rounded up to a whole MiB") {
  CHECK(parse_memory_mib("1K") == 1);
  CHECK(parse_memory_mib("1024K") == 1);
  CHECK(parse_memory_mib("1025K") == 2);
  CHECK(parse_memory_mib("0K") == 0);
}

TEST_CASE("a text that is not an amount of memory is refused with the forms") {
  for (const char* text :
       {"", "G", "-1", "1.5G", "4 G", "4X", "4Gi", "4GBs", "4P", "4iB", "1234567890123"}) {
    CAPTURE(text);
    const Result<std::int64_t> memory = parse_memory_mib(text);
    REQUIRE(!memory);
    CHECK(memory.error().code == ErrorCode::kInvalid);
    CHECK(memory.error().message.find("4096") != std::string::npos);
  }
}

TEST_CASE("the largest amount that can be written does not overflow") {
  CHECK(parse_memory_mib("999999999999T") == 999'999'999'999LL * 1024 * 1024);
}

TEST_CASE("memory is written in the largest unit with at most one digit after the point") {
  CHECK(format_memory_mib(0) == "0 MiB");
  CHECK(format_memory_mib(512) == "512 MiB");
  CHECK(format_memory_mib(1023) == "1023 MiB");
  CHECK(format_memory_mib(1024) == "1 GiB");
  CHECK(format_memory_mib(4096) == "4 GiB");
  CHECK(format_memory_mib(1536LL * 1024) == "1.5 TiB");
  CHECK(format_memory_mib(1126) == "1.1 GiB");
  CHECK(format_memory_mib(-2048) == "-2 GiB");
}

TEST_CASE("memory that rounds up to the next unit is written in that unit") {
  CHECK(format_memory_mib(1024 * 1024 - 1) == "1 TiB");
}

TEST_CASE("what is counted is in the plural unless it is one") {
  CHECK(counted(0, "node") == "0 nodes");
  CHECK(counted(1, "node") == "1 node");
  CHECK(counted(1, "class", "es") == "1 class");
  CHECK(counted(2, "class", "es") == "2 classes");
}

}  // namespace
}  // namespace usine
