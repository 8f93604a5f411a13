// Which cluster this node has joined, kept in STATE/cluster over restarts of the agent: a scheduler
// of another cluster, or one that a newer one has replaced, is not obeyed. Used by the loop thread.
#pragma once

#include <string>

#include "common/ids.h"
#include "common/result.h"

namespace usine::agent {

struct Membership {
  std::string cluster_uuid;  // empty: never joined
  Epoch epoch;

  friend bool operator==(const Membership&, const Membership&) = default;
};

// Never joined where there is no such file. Errors: kIo, kPermission, kCorrupt with what to do.
[[nodiscard]] Result<Membership> read_membership(const std::string& state_folder);
[[nodiscard]] Status write_membership(const std::string& state_folder,
                                      const Membership& membership);

}  // namespace usine::agent
