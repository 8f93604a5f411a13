// Watches in the committed events that what runs keeps every limit (B69), that only jobs of a lower
// class are put back for others (B70), or those on GPUs that their project had borrowed (B75), and
// that nobody starts on nodes that are kept for a job while others leave them (B73). Counted anew
// from a list at each start, without the code that keeps the scheduler's counts.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/ids.h"
#include "scheduler/core/event.h"

namespace usine::sim {

class SharingWatch {
 public:
  // What is wrong with this event; empty: nothing.
  [[nodiscard]] std::string take(const Event& event);

 private:
  struct Known {
    std::string user;
    QosId qos;
    std::string project;
    std::int64_t gpus = 0;
  };

  [[nodiscard]] std::string check_limits(JobId job) const;
  [[nodiscard]] std::string check_place(const AttemptPlaced& event) const;
  [[nodiscard]] std::string check_stop(const StopRequested& event) const;
  [[nodiscard]] std::int64_t gpus_of(const JobRequest& request) const;
  [[nodiscard]] bool is_owed(const Known& owner) const;
  [[nodiscard]] std::int64_t borrowed(const std::string& project) const;

  std::shared_ptr<const ClusterConfig> config_;
  std::map<JobId, Known> jobs_;
  std::set<JobId> running_;
  std::set<JobId> leaving_;                 // of those: were asked to stop
  std::map<JobId, std::set<NodeId>> kept_;  // by the job that they are kept for
};

}  // namespace usine::sim
