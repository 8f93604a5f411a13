// The file of --multi-prog.
#include "model/multi_prog.h"

#include <doctest/doctest.h>

using namespace usine;

namespace {

using Command = std::vector<std::string>;

std::string error_of(const std::string& text, std::uint32_t tasks = 4) {
  const auto programs = MultiProg::parse(text, "job.conf");
  if (!programs) return programs.error().message;
  const Status fits = programs->check(tasks);
  return fits ? "" : fits.error().message;
}

}  // namespace

TEST_CASE("Each rank runs the program of its line and knows its place among the line's ranks") {
  const auto programs = MultiProg::parse(
      "# the worked example of Slurm's manual\n"
      "4-6       hostname\n"
      "1,7       echo task:%t\n"
      "\n"
      "0,2-3     echo 'offset: %o' 100%%\n",
      "silly.conf");
  REQUIRE(programs);
  REQUIRE(programs->check(8));
  CHECK(programs->command_of(5) == Command{"hostname"});
  CHECK(programs->command_of(7) == Command{"echo", "task:7"});
  CHECK(programs->command_of(0) == Command{"echo", "offset: 0", "100%"});
  CHECK(programs->command_of(3) == Command{"echo", "offset: 2", "100%"});
}

TEST_CASE("A star stands for the ranks that no other line has wherever it is") {
  const auto programs = MultiProg::parse("* work %t %o\n1 lead %q %", "p");
  REQUIRE(programs);
  REQUIRE(programs->check(4));
  CHECK(programs->command_of(1) == Command{"lead", "%q", "%"});
  CHECK(programs->command_of(3) == Command{"work", "3", "3"});
}

TEST_CASE("A backslash joins lines and lines may end as on Windows") {
  const auto programs = MultiProg::parse("0 a \\\nb\r\n1 c\\\n", "p");
  REQUIRE(programs);
  CHECK(programs->command_of(0) == Command{"a", "b"});
  CHECK(programs->command_of(1) == Command{"c"});
}

TEST_CASE("What is wrong with the file is said with its line and what to write") {
  CHECK(error_of("0-3 a\n\n2 b\n") ==
        "job.conf:3: rank 2 has a program on line 1 already: leave it out of one of the two");
  CHECK(error_of("* a\n* b\n") == "job.conf:2: line 1 is for * already: leave one of the two out");
  CHECK(error_of("0-3\n") ==
        "job.conf:1: no program is named for rank 0-3: write ranks and a program, such as "
        "'0-3 ./solver %t'");
  for (const char* const ranks : {"3-1", "x", "0,", "-2", "1-", "0--2"}) {
    CHECK(error_of(std::string(ranks) + " a\n") ==
          "job.conf:1: '" + std::string(ranks) + "' is no list of ranks: write 0-3,7 or *");
  }
  CHECK(error_of("0 'a\n") == "job.conf:1: a ' is opened and not closed");
  CHECK(error_of("# nothing\n").starts_with("job.conf names no program: "));
  CHECK(error_of("0-2 a\n") ==
        "job.conf has no program for rank 3: add a line for it, or one for *");
  CHECK(error_of("0-3 a\n7 b\n") ==
        "job.conf:2: there is no rank 7: the step has 4 tasks, the first is rank 0");
}
