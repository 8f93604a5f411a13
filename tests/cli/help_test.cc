#include "cli/help.h"

#include <doctest/doctest.h>

#include "cli/request_help.h"
#include "model/option_table.h"

using namespace usine;
using namespace usine::cli;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const CommandHelp kHelp{"usine queue [--json]",
                        "Lists jobs.\n.Dotted lines and 'quotes' are text.",
                        {{"json", 'j', "", "print one JSON document"}, {"user", 0, "U", ""}},
                        "usine queue --user $USER"};

}  // namespace

TEST_CASE("Every command stands in the overview and in its manual and can be completed") {
  for (const Command& command : commands()) {
    const std::string name(command.name);
    CAPTURE(name);
    CHECK(contains(overview(HelpForm::kText), "  " + name + ' '));
    CHECK(contains(overview(HelpForm::kMan), "usine\\-" + name + "\\fR(1)"));
    CHECK(contains(overview(HelpForm::kWords), name + '\n'));
  }
}

TEST_CASE("An option's manual entry holds its names and what it takes and what it does") {
  const std::string page = help_text(kHelp, HelpForm::kMan);
  CHECK(contains(page, ".TH usine\\-queue 1"));
  CHECK(contains(page, "usine\\-queue \\- list jobs"));
  CHECK(contains(page, ".TP\n\\fB\\-j\\fR, \\fB\\-\\-json\\fR\nprint one JSON document\n"));
  CHECK(contains(page, "\\fB\\-\\-user\\fR \\fIU\\fR\n"));
  CHECK(help_text(kHelp, HelpForm::kWords) == "--json\n--user\n");
}

TEST_CASE("No text of ours is a request to the manual's formatter") {
  CHECK(contains(help_text(kHelp, HelpForm::kMan), "\n\\&.Dotted lines"));
}

TEST_CASE("Every request option has its manual entry and its completion for submit and run") {
  const std::string submit = submit_help(HelpForm::kMan);
  const std::string run = run_help(HelpForm::kWords);
  for (const OptionSpec& spec : option_table()) {
    if (spec.treatment == OptionTreatment::kClient) continue;
    const std::string name(spec.name);
    CAPTURE(name);
    std::string escaped;
    for (const char c : name) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
    CHECK(contains(submit, "\\fB\\-\\-" + escaped + "\\fR"));
    CHECK(contains(run, "--" + name + '\n'));
  }
}

TEST_CASE("Help is asked for among the options in front and in three forms") {
  CHECK(asked_help({"--nodes=2", "--help"}) == HelpForm::kText);
  CHECK(asked_help({"--help=man"}) == HelpForm::kMan);
  CHECK(asked_help({"--help=words"}) == HelpForm::kWords);
  CHECK_FALSE(asked_help({"job.sh", "--help"}));
  CHECK_FALSE(asked_help({"--", "--help"}));
}
