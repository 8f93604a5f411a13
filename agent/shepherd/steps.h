// The steps of the job that this shepherd has a part in: those it runs as the job's head, and the
// ranks of any step on this node. Owned by the shepherd, on its poll thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "agent/core/step_shares.h"
#include "agent/shepherd/connection.h"
#include "agent/shepherd/job_run.h"
#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/scratch_folders.h"
#include "agent/shepherd/step_head.h"
#include "agent/shepherd/step_log.h"
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
  [[nodiscard]] bool has_clients() const { return !running_.empty(); }
  // To be called after each turn of the loop: starts what waited and now can, and forgets what is
  // over, which cannot be done while its own handlers run.
  void tidy();
  // The job is over: what steps that had no end of their own came to is noted too, and the script's
  // end. Gives how many steps the log leaves out.
  [[nodiscard]] std::uint64_t close_log(const std::optional<proto::StepEntry>& batch);

 private:
  // A client whose step waits for the job's start, or for what other steps have.
  struct Waiting {
    ConnectionPtr client;
    proto::RunStep run;
    bool told = false;
  };
  struct Running {
    std::unique_ptr<StepHead> head;
    std::optional<agent::StepLayout> share;  // that it holds, until its tasks have ended
  };

  void wait(Waiting one);
  [[nodiscard]] Result<agent::StepLayout> lay_out(const proto::RunStep& run,
                                                  const StepOrder& order) const;
  [[nodiscard]] bool begin(Waiting& one);
  // Tells the client once what its step waits for.
  void tell_to_wait(Waiting& one, const agent::StepLayout& layout);
  [[nodiscard]] Status refuse_to_wait(const agent::StepLayout& layout) const;
  StepHead& add_head(const ConnectionPtr& client);
  void start_waiting();
  void end_over();
  void launch(const ConnectionPtr& head, proto::LaunchTasks& launch);
  [[nodiscard]] Result<ConnectionPtr> connect(std::uint32_t job_node, const std::string& address);
  [[nodiscard]] Result<ConnectionPtr> connect_to_self();
  void end_interactive_job();
  void note_ended(bool job_ends);

  const JobSpec& spec_;
  os::PollLoop& loop_;
  JobRun& job_;
  StepPmix pmix_;
  agent::ShareBook cores_;  // of this node
  agent::ShareBook gpus_;
  StepTools tools_;
  agent::StepShares shares_;  // of all nodes, where this is the job's head
  std::uint32_t next_step_ = 0;
  std::vector<Waiting> waiting_;
  bool some_may_begin_ = true;  // of those who wait: the job has started, or a step has ended
  std::vector<Running> running_;
  std::vector<std::unique_ptr<StepTasks>> tasks_;
  std::set<ConnectionPtr> own_lines_;  // to ourselves, until their first message
  StepLog log_;
  bool client_left_early_ = false;  // one of those, of an interactive job
  bool interactive_end_set_ = false;
};

}  // namespace usine::shepherd
