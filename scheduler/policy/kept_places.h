// The nodes that are kept for jobs while others are made to leave them (B73), as claims on the
// timeline of whole nodes: nobody else starts there, however short, and no start is promised there.
// Owned by the planner, which follows Job::claim with it; pure.
#pragma once

#include <map>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"
#include "scheduler/placement/machine.h"

namespace usine {

class KeptPlaces {
 public:
  explicit KeptPlaces(Machine& machine) : machine_(&machine) {}

  // Until its job has run there: what is promised to others comes after that.
  void keep(JobId job, const Allocation& allocation, Time until);
  // Nothing where nothing is kept for it; the nodes that others may use again.
  std::vector<NodeId> drop(JobId job);

  // Opens the job's place to itself, and closes it again.
  void lift(JobId job);
  void lay(JobId job);

  // After the machine has been rebuilt.
  void forget_all() { places_.clear(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }
  [[nodiscard]] std::vector<JobId> jobs() const;

 private:
  struct Place {
    std::vector<NodeId> nodes;
    Time until;
  };

  Machine* machine_;
  std::map<JobId, Place> places_;
};

}  // namespace usine
