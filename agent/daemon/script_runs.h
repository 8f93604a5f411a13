// The runs of the site's prolog and epilog on this node: each in a session of its own, with its
// output in the agent's log and a time limit at which everything of it is killed. Where a run
// stands is kept in the job's folder, for the agent that comes after this one. Owned by the loop
// thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>

#include "agent/core/agent_core.h"
#include "agent/daemon/job_folders.h"
#include "common/os/poll_loop.h"
#include "common/os/unique_fd.h"

namespace usine::agent {

class ScriptRuns {
 public:
  struct Options {
    ScriptFile prolog;
    ScriptFile epilog;
  };
  // Called for what happened, also from within run().
  using Report = std::function<void(ScriptEnded)>;

  ScriptRuns(Options options, const JobFolders& folders, os::PollLoop& loop, Report report)
      : options_(std::move(options)), folders_(folders), loop_(loop), report_(std::move(report)) {}

  // What is left of an earlier agent's runs is ended: before any run of this one's.
  void end_cut_off() const;
  // The job's folder must be there. What is left of an earlier agent's run is ended first.
  void run(AttemptKey key, SiteScript which);

  // A child of this process has ended, which may be a script.
  void reaped(pid_t pid, int status);

 private:
  using RunKey = std::pair<AttemptKey, SiteScript>;
  struct Run {
    pid_t pid = -1;
    os::UniqueFd output;    // the reading end of its pipe
    std::string line;       // of its output, not ended yet
    std::string last_line;  // that was not empty
    std::size_t lines = 0;
    bool too_late = false;  // its time is over: it has been killed
    os::PollLoop::TimerId timer = 0;
  };

  [[nodiscard]] const ScriptFile& file(SiteScript which) const;
  [[nodiscard]] Result<Run> start(RunKey key);
  void read_output(RunKey key);
  void take_output(RunKey key, Run& run, std::string_view bytes);
  void end_line(RunKey key, Run& run);
  void on_limit(RunKey key);
  void finish(RunKey key, std::string failure);
  void report(RunKey key, std::string failure);

  Options options_;
  const JobFolders& folders_;
  os::PollLoop& loop_;
  Report report_;
  std::map<RunKey, Run> runs_;
};

}  // namespace usine::agent
