// The main of every test program. Beyond doctest's own it reports skipped cases to ctest and fails
// a run whose filter matched nothing, which doctest counts as success.
#define DOCTEST_CONFIG_IMPLEMENT
#include <iostream>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/skip.h"

namespace {

struct Tally {
  std::string running;
  unsigned cases_run = 0;
  std::set<std::string> skipped;
};

Tally& tally() {
  static Tally instance;
  return instance;
}

struct TallyListener final : doctest::IReporter {
  explicit TallyListener(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData& test) override {
    tally().running = test.m_name;
    ++tally().cases_run;
  }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("tally", 1, TallyListener);

}  // namespace

void usine::test::report_skip(std::string_view reason) {
  std::cout << "SKIPPED: " << tally().running << ": " << reason << std::endl;
  tally().skipped.insert(tally().running);
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit() || result != 0) return result;
  if (tally().cases_run == 0) {
    std::cerr << "no test case matches: nothing was tested\n";
    return 1;
  }
  return tally().skipped.size() == tally().cases_run ? usine::test::kSkipExitCode : 0;
}
