// A ProcessPlan in the form in which a forked child can carry it out: plain C arrays, made before
// the fork, and only calls that are safe between fork and exec. Owned by spawn() for one start.
#pragma once

#include <cstdint>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "agent/core/launch_plan.h"
#include "agent/exec/spawn.h"

namespace usine::exec {

// What the child was doing when it failed; travels to the parent with errno.
enum class ChildStep : std::uint32_t {
  kGroup,     // joining the job's control groups and its mounts
  kIdentity,  // becoming the user
  kFolder,    // the working directory
  kInput,
  kOutput,
  kErrorFile,
  kProgram,  // execve
  kStreams,  // dup2 and the like
};

struct ChildReport {
  // What fits of the line after "#!" in the program that could not be executed: read by the child,
  // who has the user's rights and no others.
  static constexpr std::size_t kLineBytesMax = 256;

  ChildStep step = ChildStep::kProgram;
  int error = 0;
  char first_line[kLineBytesMax] = {};
};

class PreparedChild {
 public:
  PreparedChild(const agent::ProcessPlan& plan, const Streams& streams,
                const contain::Entry& entry);
  PreparedChild(const PreparedChild&) = delete;
  PreparedChild& operator=(const PreparedChild&) = delete;

  // Who made the child, and how.
  struct Birth {
    pid_t parent = 0;
    bool in_group = false;  // it is in the v2 group of its entry already
  };
  // In the child, which becomes the program or writes a ChildReport to `reports` and ends.
  [[noreturn]] void run(int reports, const Birth& birth) const;

 private:
  [[nodiscard]] int join_groups(bool in_group) const;
  void apply_limits() const;
  [[nodiscard]] int become_user() const;
  void open_streams(int reports) const;
  [[nodiscard]] int open_output(const std::string& path) const;
  void report_program(int reports, int error) const;
  [[nodiscard]] int execute() const;

  const agent::ProcessPlan& plan_;
  Streams streams_;
  const contain::Entry& entry_;
  std::vector<char*> argv_;
  std::vector<char*> environment_;
  std::vector<std::string> candidates_;  // paths that the program may have, in PATH's order
  std::vector<gid_t> groups_;
  std::vector<std::pair<int, rlimit>> limits_;
  cpu_set_t cores_;
  bool bind_ = false;
  bool change_user_ = false;
};

}  // namespace usine::exec
