// The store and the cluster file of a scheduler that has been at work for long: a machine that is
// 95 % busy, and jobs of which as many as possible run and the rest wait. All of it from one seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "model/agent_messages.h"
#include "topology/node_shape.h"

namespace usine::bench {

struct BusyStore {
  std::shared_ptr<const NodeShape> shape;                  // of every node
  std::map<std::string, std::vector<AttemptKey>> running;  // by the name of the node
  std::vector<JobId> waiting;                              // ascending
};

// Writes `cluster.yaml` and the store into `folder`, which has neither. Agents may be silent for a
// day, and a job that is started may prepare as long: nothing changes by itself meanwhile.
[[nodiscard]] Result<BusyStore> write_busy_store(const std::filesystem::path& folder,
                                                 std::uint32_t nodes, std::int64_t waiting);

}  // namespace usine::bench
