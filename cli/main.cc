// `usine`: finds the command that is meant and runs it. Errors come out as one line.
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/rsh.h"
#include "model/option_table.h"

namespace usine::cli {
namespace {

// Options that name the cluster may also stand before the command; they are the command's then.
Result<Words> take_leading_options(Words& words) {
  Words leading;
  while (!words.empty() && words.front().starts_with("--")) {
    const std::string name = words.front().substr(2, words.front().find('=') - 2);
    if (name != "state" && name != "config" && name != "scheduler") break;
    const bool separate = words.front().find('=') == std::string::npos;
    if (separate && words.size() < 2) {
      return fail(ErrorCode::kInvalid, "--" + name + " needs a value");
    }
    const auto end = words.begin() + (separate ? 2 : 1);
    leading.insert(leading.end(), words.begin(), end);
    words.erase(words.begin(), end);
  }
  return leading;
}

std::unexpected<Error> unknown_command(const std::string& name) {
  std::string text = "there is no command '" + name + "'";
  for (const Command& command : commands()) {
    if (edit_distance(name, command.name) > 2) continue;
    return fail(ErrorCode::kInvalid,
                text + ": did you mean `usine " + std::string(command.name) + "`?");
  }
  return fail(ErrorCode::kInvalid, text + ": `usine --help` lists them");
}

CommandResult dispatch(Words words) {
  auto leading = take_leading_options(words);
  if (!leading) return fail(leading.error());
  if (words.empty()) {
    std::fputs(overview(HelpForm::kText).c_str(), stderr);
    return kExitUsage;
  }
  const auto help = words.front() == "help" ? HelpForm::kText : asked_help(words);
  if (help) {
    std::fputs(overview(*help).c_str(), stdout);
    return kExitDone;
  }
  const std::string name = words.front() == "--version" ? "version" : words.front();
  leading->insert(leading->end(), words.begin() + 1, words.end());
  for (const Command& command : commands()) {
    if (command.name == name) return command.run(*leading);
  }
  if (name == "rsh") return run_rsh(*leading);
  return unknown_command(name);
}

int finish(const CommandResult& result) {
  if (result) return *result;
  std::fprintf(stderr, "usine: %s\n", one_line(result.error().message).c_str());
  return exit_status_of(result.error().code);
}

}  // namespace
}  // namespace usine::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that closes early shows as a failed write
  try {
    return usine::cli::finish(usine::cli::dispatch({argv + 1, argv + argc}));
  } catch (const std::exception& error) {
    return usine::cli::finish(
        usine::fail(usine::ErrorCode::kIo, std::string("unexpected: ") + error.what()));
  }
}
