// One step as its job's head shepherd runs it: spreads the client's command over the job's nodes,
// joins what comes back, and ends the whole when one rank fails. Neither agents nor the scheduler
// take part. Owned by Steps, on the shepherd's poll thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/launch_environment.h"
#include "agent/shepherd/connection.h"
#include "agent/shepherd/fence_join.h"
#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/step_branches.h"
#include "agent/shepherd/step_log.h"
#include "agent/shepherd/step_order.h"
#include "common/os/poll_loop.h"

namespace usine::shepherd {

class StepHead {
 public:
  struct Outcome {
    int exit_code = 0;
    std::string message;
  };

  StepHead(const JobSpec& spec, os::PollLoop& loop, std::uint32_t step, ConnectionPtr client);
  StepHead(const StepHead&) = delete;
  StepHead& operator=(const StepHead&) = delete;
  ~StepHead();

  // What is to be run, and where: `order` is what `run` says.
  struct Work {
    const proto::RunStep& run;
    StepOrder order;
    agent::StepLayout layout;
    agent::MeetingPoint meeting;
  };
  // Launches on every node, whose shepherds listen at `addresses`. What keeps it from that ends the
  // step with one line to the client.
  void start(Work work, const std::vector<std::string>& addresses,
             const StepBranches::Lines& lines);
  // Ends the step before it began.
  void refuse(const std::string& why);

  // To every task of the step.
  void signal_all(int signal);

  // Every task has ended; the client has been told how.
  [[nodiscard]] const std::optional<Outcome>& outcome() const { return outcome_; }
  // What a node said that had no memory left for one of the tasks; empty: none did.
  [[nodiscard]] const std::string& memory_shortage() const { return memory_shortage_; }
  // What the step came to, once; none before its end, unless the job ends without it.
  [[nodiscard]] std::optional<proto::StepEntry> take_account(bool job_ends);
  // Nothing is left to do: the client has gone too.
  [[nodiscard]] bool finished() const { return outcome_ && client_gone_; }

 private:
  struct Place {
    std::uint32_t tasks_left = 0;
    std::optional<bool> pmix;         // as the node said when its tasks had started
    std::uint64_t untaken_input = 0;  // bytes sent there that its tasks have not read
  };

  [[nodiscard]] proto::LaunchTasks launch_of(const proto::RunStep& run,
                                             const agent::MeetingPoint& meeting) const;
  [[nodiscard]] Status send_launch(proto::LaunchTasks launch,
                                   const std::vector<std::string>& addresses,
                                   const StepBranches::Lines& lines);
  void attend_client();
  void handle_client(const proto::ShepherdMessage& message);
  void handle_place(std::size_t place, const proto::ShepherdMessage& message);
  void route_input(const proto::TaskInput& input);
  void take_started(std::size_t place, bool pmix);
  void take_output(const proto::ShepherdMessage& message);
  void take_end(std::size_t place, const proto::TaskEnded& ended);
  void take_bad_end(const proto::TaskEnded& ended);
  [[nodiscard]] bool ends_step(const proto::TaskEnded& ended) const;
  [[nodiscard]] Outcome outcome_of_ranks() const;
  void take_fence(std::size_t place, const proto::FenceData& fence);
  void route_modex(proto::ShepherdMessage message);
  void lose(PlaceRange places, const std::string& why);
  void check_wire_up();
  void fail_step(int exit_code, const std::string& message);
  void hold_client_if_full();
  void conclude_if_over();
  [[nodiscard]] std::string name_of(std::uint32_t rank) const;
  [[nodiscard]] const std::string& node_name(std::size_t place) const;

  const JobSpec& spec_;
  os::PollLoop& loop_;
  const std::uint32_t step_;
  const ConnectionPtr client_;
  bool client_gone_ = false;
  StepOrder order_;
  agent::StepLayout layout_;
  std::vector<Place> places_;  // of the layout
  std::size_t places_started_ = 0;
  StepBranches branches_;
  FenceJoin fences_;
  std::set<std::uint32_t> in_mpi_;        // ranks that have come up in MPI_Init
  std::set<std::uint32_t> never_in_mpi_;  // ranks that ended without
  std::optional<Outcome> failure_;        // the first fault: the ranks are being ended
  Outcome bad_end_;             // of the ranks that the step survives: the highest code, the first
  std::uint32_t bad_ends_ = 0;  // message; and how many they are
  std::optional<Outcome> outcome_;
  StepAccount account_;
  std::string memory_shortage_;
  os::PollLoop::TimerId kill_timer_ = 0;
};

}  // namespace usine::shepherd
