// The cluster file that `usine up` writes for a cluster of emulated nodes on one machine. Pure: it
// makes the text, the caller writes it and loads it like any other (cluster_file.h).
#pragma once

#include <cstdint>
#include <string>

#include "config/cluster_file.h"

namespace usine::config {

struct UpOptions {
  std::string cluster = "usine";
  std::uint32_t nodes = 4;        // named node001, node002, ...
  std::string like = "dgx-h100";  // a shipped machine's name, or the absolute path of a file
  std::int64_t gpus_per_node = MachineSource::kAllGpus;
  std::string listen_address = "127.0.0.1:0";
};

// Leaf switches of 2 nodes up to 8 nodes, of 8 nodes beyond; one default partition "main" of all
// nodes. Paths are left to their defaults, so that the file's own folder is the state folder.
[[nodiscard]] std::string up_cluster_yaml(const UpOptions& options);

}  // namespace usine::config
