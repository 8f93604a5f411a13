// `usine rsh HOST COMMAND...`: starts a command on another node of the job as remote shells do, for
// mpirun, which starts its daemons so. It is named in the job's environment and in no overview.
#include "cli/rsh.h"

#include <cstdlib>
#include <pwd.h>
#include <string>
#include <unistd.h>

#include "cli/step_client.h"

namespace usine::cli {
namespace {

constexpr char kUsage[] = "usine rsh HOST COMMAND [ARGUMENTS], inside a job";
constexpr std::uint32_t kInputToNone = 2;

// What follows the host is for a shell to read, the user's own, as mpirun expects of ssh.
std::string login_shell() {
  const passwd* const user = ::getpwuid(::geteuid());
  const bool has_shell = user != nullptr && user->pw_shell != nullptr && *user->pw_shell != '\0';
  return has_shell && ::access(user->pw_shell, X_OK) == 0 ? user->pw_shell : "/bin/sh";
}

proto::RunStep step_of(const Words& words) {
  proto::RunStep step;
  step.set_node(words.front());
  step.set_starts_ranks(true);
  step.set_overlap(true);
  step.set_pmi_none(true);
  step.set_input_to(kInputToNone);
  std::string command;
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    command += (command.empty() ? "" : " ") + *word;
  }
  for (const std::string& word : {login_shell(), std::string("-c"), command}) {
    step.add_command(word);
  }
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    step.mutable_environment()->append(*entry);
    step.mutable_environment()->push_back('\0');
  }
  return step;
}

}  // namespace

CommandResult run_rsh(const Words& words) {
  if (words.size() < 2 || words.front().starts_with('-')) {
    return fail(ErrorCode::kInvalid, std::string("no host and command are named: ") + kUsage);
  }
  const char* const shepherd_path = std::getenv("USINE_SHEPHERD");
  if (shepherd_path == nullptr || *shepherd_path == '\0') {
    return fail(ErrorCode::kRefused, std::string("this is no job: ") + kUsage);
  }
  const auto signals = take_signals();
  if (!signals) return fail(signals.error());
  auto shepherd = connect_to_shepherd(shepherd_path);
  if (!shepherd) return fail(shepherd.error());
  return StepClient(*std::move(shepherd), signals->get(), false).run(step_of(words));
}

}  // namespace usine::cli
