// Who takes the committed history: every owner of a replica of the state gets each row once, in the
// order of sequence. Called on the committer's thread; take() hands over and returns soon.
#pragma once

#include <memory>
#include <vector>

#include "scheduler/engine/engine.h"

namespace usine::daemon {

using AppliedRows = std::shared_ptr<const std::vector<Applied>>;

class Replica {
 public:
  virtual ~Replica() = default;
  virtual void take(const AppliedRows& rows) = 0;
};

// Where messages for agents go once they may be sent.
class AgentOutlet {
 public:
  virtual ~AgentOutlet() = default;
  virtual void send(std::vector<AgentEffect> effects) = 0;
};

}  // namespace usine::daemon
