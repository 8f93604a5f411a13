// `usine topology show` of a cluster file: the fabric as a tree, as JSON and as a picture, and
// which gangs fit at each level, on the machine as it is configured or on what of it is idle. Pure
// but for load_cluster, which reads the file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/result.h"
#include "model/cluster.h"
#include "tools/fabric_sums.h"

namespace usine::tools {

// Whether the file looks like a cluster file rather than the shape of a node: false also where it
// cannot be read.
[[nodiscard]] bool is_cluster_file(const std::string& path);
// Error: kInvalid with the first problem.
[[nodiscard]] Result<ClusterConfig> load_cluster(const std::string& path);

// The tree with equal siblings folded into one line, then a table of levels and one of gangs. Lines
// are cut at `width` columns; 0 leaves them whole. `live`: the sums say what is idle now.
[[nodiscard]] std::string draw(const ClusterConfig& config, const FabricSums& sums, bool live,
                               std::size_t width);

// {"name","nodes","gpus","levels":[{"level","domains","largest_nodes","roomiest","idle_nodes",
// "idle_gpus"}],"gangs":[{"nodes","gpus","level","holding","domains"}],"domains":[{"name","level",
// "kind","dimensions","parent","nodes","gpus","idle_nodes"}]}
[[nodiscard]] nlohmann::ordered_json to_json(const ClusterConfig& config, const FabricSums& sums);

// A row of boxes for each level, as wide as their nodes are many. An SVG document.
[[nodiscard]] std::string draw_svg(const ClusterConfig& config, const FabricSums& sums, bool live);

}  // namespace usine::tools
