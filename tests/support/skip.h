// Skipping by name: a test that cannot run here (no data, no root, no hardware) says why and counts
// as skipped, never as passed. Used on the test's own thread, in the body of a TEST_CASE.
#pragma once

#include <string_view>

namespace usine::test {

// What a test program exits with when every case it ran was skipped; ctest is told of it.
inline constexpr int kSkipExitCode = 77;

// Prints "SKIPPED: <name of the running case>: <reason>" and counts the case as skipped.
void report_skip(std::string_view reason);

}  // namespace usine::test

// Ends the running test case as skipped, with any SUBCASE that stands further down: `if (!data)
// USINE_SKIP("no recorded topologies here");`
#define USINE_SKIP(reason)              \
  do {                                  \
    ::usine::test::report_skip(reason); \
    return;                             \
  } while (false)
