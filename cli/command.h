// What a command of `usine` is: a name, a line for the overview, and a function from its words to
// an exit status. main.cc dispatches over commands(); one file of this folder holds one command.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usine::cli {

using Words = std::vector<std::string>;

// The status to exit with: 0, or what a job or step ended with. Error: printed as one line, and its
// code decides the status (exit_status_of).
using CommandResult = Result<int>;

struct Command {
  std::string_view name;
  std::string_view summary;
  CommandResult (*run)(const Words& words);  // the words after the command's name
};

[[nodiscard]] std::span<const Command> commands();

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitOutOfReach = 3;

[[nodiscard]] int exit_status_of(ErrorCode code);

CommandResult run_up(const Words& words);
CommandResult run_down(const Words& words);
CommandResult run_submit(const Words& words);
CommandResult run_run(const Words& words);
CommandResult run_alloc(const Words& words);
CommandResult run_queue(const Words& words);
CommandResult run_show(const Words& words);
CommandResult run_explain(const Words& words);
CommandResult run_attach(const Words& words);
CommandResult run_cancel(const Words& words);
CommandResult run_hold(const Words& words);
CommandResult run_release(const Words& words);
CommandResult run_requeue(const Words& words);
CommandResult run_suspend(const Words& words);
CommandResult run_unsuspend(const Words& words);
CommandResult run_signal(const Words& words);
CommandResult run_update(const Words& words);
CommandResult run_mark(const Words& words);
CommandResult run_reservation(const Words& words);
CommandResult run_node(const Words& words);
CommandResult run_history(const Words& words);
CommandResult run_topology(const Words& words);
CommandResult run_simulate(const Words& words);
CommandResult run_cluster(const Words& words);
CommandResult run_config(const Words& words);
CommandResult run_version(const Words& words);

}  // namespace usine::cli
