// The windows of reservations as claims on the timeline (B79): a job goes to a reserved node only
// where it is gone before the next window, and promised starts keep out of them as well. Owned by
// the planner, which renews them after every event about a reservation; pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "common/ids.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/machine.h"

namespace usine {

// Windows of one reservation that are claimed ahead. A start now can meet the next window only;
// further ones are for promised starts, which are looked at again as windows go by.
inline constexpr std::size_t kClaimedWindowsMax = 4;

class ReservedClaims {
 public:
  // All of them anew. The machine knows those of before, unless it has been rebuilt.
  void renew(const State& state, Machine& machine);

  // Opens the reservation's nodes to a job that names it, and closes them again.
  void lift(const std::string& name, Machine& machine) const;
  void lay(const std::string& name, Machine& machine) const;

 private:
  struct Claims {
    Party party;
    std::vector<Window> windows;
    std::vector<NodeId> nodes;
  };

  std::map<std::string, Claims> claims_;  // by reservation
};

}  // namespace usine
