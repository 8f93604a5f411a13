// Processes as the system shows them, and starting a program that outlives its starter. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "common/result.h"

namespace usine::os {

// One process as it was seen. With its start the number names it for ever; alone it may be given to
// another process once this one has been reaped.
struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t start_ticks = 0;  // since boot
};

// Every process below `root` in the tree of parents, without it, parents before their children.
// What an exiting parent leaves to a subreaper counts as the subreaper's.
[[nodiscard]] std::vector<Process> descendants_of(pid_t root);

// Those of these numbers that there are now.
[[nodiscard]] std::vector<Process> processes_with(const std::vector<pid_t>& pids);

// Does nothing where the process has ended meanwhile, whoever may have its number now.
void signal_process(const Process& process, int signal);

// Whether the environment that the process was started with has this entry ("NAME=value"); false
// too where we may not look.
[[nodiscard]] bool was_started_with(pid_t pid, const std::string& entry);

// When the process started, in clock ticks since boot: with the pid it names one process for ever,
// which a pid read from a file does not. Error: kNotFound where there is none, or it has ended and
// only waits to be reaped.
[[nodiscard]] Result<std::uint64_t> start_ticks_of(pid_t pid);

// How many descriptors this process may have open.
[[nodiscard]] std::uint64_t descriptors_max();
// Lets this process have as many as its hard limit allows; what it starts inherits that.
void raise_descriptors_max();

struct DetachedProgram {
  static constexpr int kPassedFd = 3;  // the number that passed_fd has in the program

  std::string path;  // of the program; empty: argv[0]
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value" each
  std::string log_path;                  // output and errors are appended here; empty: /dev/null
  int output_fd = -1;                    // instead of the log, one of ours; -1: none
  int passed_fd = -1;                    // one descriptor of ours that it gets too; -1: none
};

// Starts the program in a session of its own, with nothing of ours open but what is passed: it
// lives on when we end. While we live it is our child, and who goes on for long reaps it. Returns
// its pid. Errors as os_error gives them, also where the program cannot be executed.
[[nodiscard]] Result<pid_t> spawn_detached(const DetachedProgram& program);

}  // namespace usine::os
