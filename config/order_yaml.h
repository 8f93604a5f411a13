// The parts of a cluster file that say who goes first and who may use how much: priority, limits,
// QOS and projects. Called while the file is read; mistakes are reported with their line.
#pragma once

#include <string>
#include <vector>

#include "model/order_and_limits.h"
#include "topology/discovery/yaml_map.h"

namespace usine::config {

// A number of jobs, or all.
[[nodiscard]] std::uint32_t read_protected_jobs(discovery::YamlMap& map);
[[nodiscard]] PrioritySettings read_priority(discovery::YamlFile& file, const YAML::Node& node);

// Of the cluster as a whole: of each user, and of one job.
struct ClusterLimits {
  AmountLimits per_user;
  JobMaxima per_job;
};
[[nodiscard]] ClusterLimits read_cluster_limits(discovery::YamlFile& file, const YAML::Node& node);

[[nodiscard]] GroupLimits read_group_limits(discovery::YamlMap& map);
[[nodiscard]] AccessList read_access(discovery::YamlMap& map);
// Under `key`, in seconds with decimals; may be below zero.
[[nodiscard]] Millis read_head_start(discovery::YamlMap& map, const std::string& key);

[[nodiscard]] Qos read_qos(discovery::YamlFile& file, const YAML::Node& node,
                           const std::string& name);
[[nodiscard]] Project read_project(discovery::YamlFile& file, const YAML::Node& node,
                                   const std::string& name);

}  // namespace usine::config
