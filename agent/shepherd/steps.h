// The steps of the job that this shepherd has a part in: those it runs as the job's head, and the
// ranks of any step on this node. Owned by the shepherd, on its poll thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "agent/shepherd/connection.h"
#include "agent/shepherd/job_run.h"
#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/scratch_folders.h"
#include "agent/shepherd/step_head.h"
#include "agent/shepherd/step_pmix.h"
#include "agent/shepherd/step_tasks.h"

namespace usine::shepherd {

class Steps {
 public:
  // What all steps are run with.
  struct Tools {
    const JobSpec& spec;
    os::PollLoop& loop;
    Children& children;
    ScratchFolders& folders;
  };

  Steps(const Tools& tools, JobRun& job);

  // Takes over a connection that asks for a step; false where the message asks for none.
  [[nodiscard]] bool take(const ConnectionPtr& connection, proto::ShepherdMessage& message);
  // To the tasks of all running steps, on all their nodes: of the job's head.
  void signal_all(int signal);
  // A client of a step that runs here has not hung up yet.
  [[nodiscard]] bool has_clients() const { return !heads_.empty(); }
  // To be called after each turn of the loop: starts what waited for the job's start and forgets
  // what is over, which cannot be done while its own handlers run.
  void tidy();

 private:
  struct Waiting {
    ConnectionPtr client;
    proto::RunStep run;
  };

  void wait_for_start(const ConnectionPtr& client, const proto::RunStep& run);
  void run(const ConnectionPtr& client, const proto::RunStep& run);
  void launch(const ConnectionPtr& head, proto::LaunchTasks& launch);
  [[nodiscard]] Result<ConnectionPtr> connect(std::uint32_t job_node, const std::string& address);
  [[nodiscard]] Result<ConnectionPtr> connect_to_self();
  void end_interactive_job();

  const JobSpec& spec_;
  os::PollLoop& loop_;
  JobRun& job_;
  StepPmix pmix_;
  agent::CoreBook cores_;
  StepTools tools_;
  std::uint32_t next_step_ = 0;
  std::vector<Waiting> waiting_;  // clients that came before the job was started
  std::vector<std::unique_ptr<StepHead>> heads_;
  std::vector<std::unique_ptr<StepTasks>> tasks_;
  std::set<ConnectionPtr> own_lines_;  // to ourselves, until their first message
  bool client_left_early_ = false;     // one of those, of an interactive job
  bool interactive_end_set_ = false;
};

}  // namespace usine::shepherd
