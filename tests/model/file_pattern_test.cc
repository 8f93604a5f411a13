#include "model/file_pattern.h"

#include <doctest/doctest.h>

using namespace usine;

namespace {

FilePatternValues values() {
  FilePatternValues values;
  values.job = 42;
  values.array = 42;
  values.job_name = "a/b";
  values.user = "ada";
  return values;
}

}  // namespace

TEST_CASE("[B8] letters of a file pattern expand with their widths") {
  FilePatternValues placed = values();
  placed.node = "node001.cluster";
  placed.task = 7;
  placed.step = "batch";
  CHECK(expand_file_pattern("%x-%j-%5j-%u", placed) == "a_b-42-00042-ada");
  CHECK(expand_file_pattern("%N.%t.%4t.%J", placed) == "node001.7.0007.42.batch");
  CHECK(expand_file_pattern("100%%", placed) == "100%");
  CHECK(expand_file_pattern("a\\%j", placed) == "a%j");
}

TEST_CASE("[B8] what is not known stays as it is written") {
  CHECK(expand_file_pattern("%j-%N-%t-%n-%s-%q%", values()) == "42-%N-%t-%n-%s-%q%");
}

TEST_CASE("a pattern with a letter that stands for nothing is refused listing those that do") {
  CHECK(check_file_pattern("%x-%3j.out").has_value());
  CHECK(check_file_pattern("a\\%q").has_value());
  for (const auto* pattern : {"%q", "a%", "%4"}) {
    const Status status = check_file_pattern(pattern);
    REQUIRE_FALSE(status);
    CHECK(status.error().message.find("%j (job)") != std::string::npos);
  }
}
