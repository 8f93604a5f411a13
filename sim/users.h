// The users of a simulated cluster: they submit jobs of every kind, ask again with the same key
// when no answer comes, and now and then change their minds about a job.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/scheduler_host.h"

namespace usine::sim {

class Users {
 public:
  Users(SimulationParts parts, SchedulerHost& scheduler)
      : parts_(std::move(parts)), scheduler_(scheduler) {}

  // Spreads `count` submissions over the time from now to `end`.
  void submit_over(std::uint32_t count, Time end);
  // Cancels, holds, releases, requeues, suspends or signals some job, lets it wait for others, or
  // reserves nodes.
  void meddle();
  // Lets go whatever is held or suspended, cancels what can never start and takes back every drain,
  // so that all jobs can end.
  void let_all_go();
  [[nodiscard]] bool all_answered() const { return waiting_ == 0; }

 private:
  using Request = std::shared_ptr<const JobRequest>;

  void submit(const std::string& key, const Request& request);
  void answered(const std::string& key, const JobRequest& request, const Result<Reply>& reply);
  [[nodiscard]] Request any_request(const std::string& key);
  [[nodiscard]] Dependencies any_dependencies();
  void reserve();
  [[nodiscard]] std::vector<PastJob> past_of(const JobRequest& request) const;

  SimulationParts parts_;
  SchedulerHost& scheduler_;
  std::uint64_t waiting_ = 0;  // submissions without an answer
};

}  // namespace usine::sim
