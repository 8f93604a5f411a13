#include "cli/options.h"

#include <set>

#include <doctest/doctest.h>

#include "cli/request_help.h"
#include "cli/submission.h"

using namespace usine;
using namespace usine::cli;

namespace {

Options sample() {
  Options options("usine sample [--user U] WORD", "Does nothing.", "usine sample x");
  options.value("user", "U", "a user").value("count", "N", "a number").flag("json", "as JSON");
  options.finds_cluster().takes_words(1, 2, "a word");
  return options;
}

std::string fault(const Words& words) {
  const auto given = sample().parse(words);
  return given ? "" : given.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("options and words are told apart wherever they stand") {
  const auto given = sample().parse({"a", "--user=x", "b", "--json", "--state", "/s"});
  REQUIRE(given);
  REQUIRE(*given);
  CHECK((*given)->words() == Words{"a", "b"});
  CHECK((*given)->value("user") == "x");
  CHECK((*given)->flag("json"));
  CHECK((*given)->target().state == "/s");
  CHECK_FALSE((*given)->target().config);
}

TEST_CASE("behind two dashes everything is a word") {
  const auto given = sample().parse({"--", "--user", "-x"});
  REQUIRE(given);
  CHECK((*given)->words() == Words{"--user", "-x"});
}

TEST_CASE("wrong use of a command is one line with its usage") {
  CHECK(contains(fault({}), "a word is missing: usine sample"));
  CHECK(contains(fault({"a", "b", "c"}), "'c' is one word too many"));
  CHECK(contains(fault({"a", "--nope"}), "--nope"));
  CHECK(contains(fault({"a", "--user"}), "usine sample"));
}

TEST_CASE("numbers are held against their range") {
  const auto given = sample().parse({"a", "--count", "7"});
  REQUIRE(given);
  CHECK((*given)->number("count", 1, 9) == 7);
  CHECK_FALSE((*given)->number("count", 8, 9).has_value());
  CHECK_FALSE((*sample().parse({"a", "--count", "x"}))->number("count", 1, 9).has_value());
  const auto absent = (*sample().parse({"a"}))->number("count", 1, 9);
  REQUIRE(absent.has_value());
  CHECK_FALSE(absent->has_value());
}

TEST_CASE("no command stands twice in the table and none is without a summary") {
  std::set<std::string_view> names;
  for (const Command& command : commands()) {
    CHECK(names.insert(command.name).second);
    CHECK_FALSE(command.summary.empty());
    CHECK((command.run != nullptr));
  }
}

TEST_CASE("errors map to exit statuses as documented") {
  CHECK(exit_status_of(ErrorCode::kInvalid) == 2);
  CHECK(exit_status_of(ErrorCode::kUnavailable) == 3);
  CHECK(exit_status_of(ErrorCode::kRefused) == 1);
  CHECK(exit_status_of(ErrorCode::kNotFound) == 1);
}

TEST_CASE("an error is one line whatever it quotes") {
  CHECK(one_line("a\nb\x1b[31mc") == "a b [31mc");
}

TEST_CASE("the help of submit names every request option") {
  const std::string help = submit_help(HelpForm::kText);
  for (const auto* option : {"--nodes|-N", "--gpus-per-node", "--qos|-q", "--hint", "example:"}) {
    CHECK(contains(help, option));
  }
  CHECK(contains(run_help(HelpForm::kText), "--label"));
}
