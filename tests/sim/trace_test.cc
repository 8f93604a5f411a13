#include "sim/trace.h"

#include <doctest/doctest.h>

namespace usine::sim {
namespace {

const std::string kHeader = "submit_s,run_s,limit_s,gpus,nodes,cpus,user,project\n";

TEST_CASE("A row of CSV says what it says and nothing more") {
  const auto jobs = parse_trace(kHeader + "0,1389243,,1,1,,ann,\r\n395146,14405,60,8,,4,,p\n");
  REQUIRE(jobs);
  REQUIRE(jobs->size() == 2);
  const TraceJob& first = jobs->front();
  CHECK(first.run == Seconds(1'389'243));
  CHECK_FALSE(first.limit.has_value());
  CHECK(first.gpus == 1);
  CHECK_FALSE(first.cpus.has_value());
  CHECK(first.user == "ann");
  const TraceJob& second = jobs->back();
  CHECK(second.submit == Seconds(395'146));
  CHECK(second.limit == Seconds(60));
  CHECK_FALSE(second.nodes.has_value());
  CHECK(second.cpus == 4);
  CHECK(second.project == "p");
}

TEST_CASE("A line of the Standard Workload Format is read by its field numbers") {
  const auto jobs = parse_trace(
      "; Version: 2.2\n 1 10 -1 31405 30 -1 -1 32 37980 -1 1 7 3 5 -1 -1 -1 -1\n"
      "2 11 -1 5 16 -1 -1 -1 -1 -1 1 8 3 -1 -1 -1 -1 -1");
  REQUIRE(jobs);
  REQUIRE(jobs->size() == 2);
  CHECK(jobs->front().submit == Seconds(10));
  CHECK(jobs->front().run == Seconds(31'405));
  CHECK(jobs->front().cpus == 32);
  CHECK(jobs->front().limit == Seconds(37'980));
  CHECK(jobs->front().user == "7");
  CHECK(jobs->front().name == "executable5");
  CHECK(jobs->back().name.empty());
  CHECK(jobs->back().cpus == 16);
  CHECK_FALSE(jobs->back().limit.has_value());
}

TEST_CASE("What cannot be read is refused with its line") {
  const auto word = parse_trace(kHeader + "0,1,2,3,4,5,u,p\n0,soon,2,3,4,5,u,p\n");
  REQUIRE_FALSE(word);
  CHECK(word.error().message == "line 3: 'soon' is not a number");
  const auto huge = parse_trace(kHeader + "1e300,1,2,3,4,5,u,p\n");
  CHECK_FALSE(huge);
  const auto short_row = parse_trace(kHeader + "0,1\n");
  REQUIRE_FALSE(short_row);
  CHECK(short_row.error().message.starts_with("line 2: neither"));
  CHECK_FALSE(parse_trace("hello\n"));
}

TEST_CASE("A list without jobs is a list") {
  CHECK(parse_trace(kHeader)->empty());
  CHECK(parse_trace("")->empty());
}

}  // namespace
}  // namespace usine::sim
