// Future availability: which shares of nodes come free, and when at the latest, since every job has
// a time limit. Kept up to date by events. Owned by the planner; pure.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"

namespace usine {

class Timeline {
 public:
  // `shares` of `job` come free by `at`; takes the place of what was known of the job.
  void set(JobId job, Time at, std::vector<NodeShare> shares);
  void remove(JobId job);

  struct Release {
    Time at;
    JobId job;
    const std::vector<NodeShare>* shares;  // valid until the timeline changes
  };
  // In order of time, then job.
  [[nodiscard]] std::vector<Release> releases() const;

 private:
  struct Held {
    Time at;
    std::vector<NodeShare> shares;
  };
  std::map<JobId, Held> held_;
  std::set<std::pair<Time, JobId>> order_;
};

}  // namespace usine
