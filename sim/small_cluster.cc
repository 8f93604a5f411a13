#include "sim/small_cluster.h"

#include <cstdio>
#include <utility>

namespace usine::sim {
namespace {

// Two packages with one NUMA domain each, cores and devices split evenly between them.
NodeShape make_shape(const ClusterSize& size) {
  NodeShape shape;
  shape.name = "simulated";
  shape.packages = 2;
  for (std::int16_t i = 0; i < 2; ++i) {
    shape.numa_nodes.push_back({static_cast<std::uint32_t>(i), i, size.memory_mib / 2, false});
  }
  for (std::uint32_t i = 0; i < size.cores; ++i) {
    const auto side = static_cast<std::int16_t>(2 * i / size.cores);
    shape.cores.push_back({side, side, {i}});
  }
  for (std::uint32_t i = 0; i < size.gpus; ++i) {
    const auto side = static_cast<std::int16_t>(2 * i / size.gpus);
    GpuShape gpu;
    gpu.bus_id = "0000:" + std::to_string(10 + i) + ":00.0";
    gpu.model = "Simulated GPU";
    gpu.numa = side;
    shape.gpus.push_back(std::move(gpu));
  }
  return shape;
}

Fabric make_fabric(std::uint32_t leaves) {
  Fabric fabric;
  fabric.domains.push_back({"root", DomainKind::kSite, DomainId{0}});
  for (std::uint32_t i = 0; i < leaves; ++i) {
    fabric.domains.push_back({"leaf" + std::to_string(i + 1), DomainKind::kLeaf, DomainId{0}});
  }
  return fabric;
}

std::string node_name(std::uint32_t index) {
  char text[32];
  std::snprintf(text, sizeof text, "n%04u", index + 1);
  return text;
}

}  // namespace

std::shared_ptr<const ClusterConfig> make_cluster(const ClusterSize& size, const Timings& timings) {
  auto config = std::make_shared<ClusterConfig>();
  config->name = "simulated";
  config->timings = timings;
  config->operators = {"root"};
  config->fabric = make_fabric((size.nodes + size.nodes_per_leaf - 1) / size.nodes_per_leaf);
  config->classes.push_back({"simulated", make_shape(size)});
  Partition all;
  all.name = "main";
  all.time_limit_max = Seconds(365 * 86'400);
  all.is_default = true;
  for (std::uint32_t i = 0; i < size.nodes; ++i) {
    config->nodes.push_back({node_name(i), 0, DomainId{1 + i / size.nodes_per_leaf}, {}});
    all.nodes.push_back(NodeId{i});
  }
  config->partitions.push_back(std::move(all));
  return config;
}

std::shared_ptr<const ClusterConfig> with_classes(const ClusterConfig& config) {
  auto made = std::make_shared<ClusterConfig>(config);
  for (std::size_t i = 0; i < made->nodes.size(); ++i) {
    made->nodes[i].features = {i % 3 == 0 ? "old" : "new"};
  }
  made->user_limits.jobs = 5;
  const auto gpus =
      static_cast<std::int64_t>(made->nodes.size() * made->classes[0].shape.gpus.size());
  made->projects.resize(3);
  made->projects[0].name = "default";
  made->projects[1].name = "astro";
  made->projects[1].guaranteed_gpus = gpus / 2;
  made->projects[2].name = "bio";
  made->projects[2].guaranteed_gpus = gpus / 4;
  for (Project& project : made->projects) project.members = {"alice", "bob"};
  made->qos.resize(3);
  made->qos[0].name = "low";
  made->qos[0].preemption.grace = Millis{10'000};
  made->qos[0].preemption.protected_for = Millis{60'000};
  made->qos[1].name = "normal";
  made->qos[1].is_default = true;
  made->qos[1].head_start = Millis{60'000};
  made->qos[1].limits.per_user.jobs = 3;
  made->qos[2].name = "high";
  made->qos[2].head_start = Millis{3'600'000};
  made->qos[2].limits.together.jobs = 3;
  made->qos[2].preemption.victims = {"low"};
  return made;
}

std::shared_ptr<const ClusterConfig> with_wiring(const ClusterConfig& config, Wiring wiring) {
  auto made = std::make_shared<ClusterConfig>(config);
  const auto blocks = static_cast<std::uint32_t>(config.fabric.domains.size() - 1);
  if (wiring == Wiring::kTorus && config.nodes.size() % blocks != 0) return made;
  made->fabric.domains.front().wiring = wiring;
  if (wiring == Wiring::kTorus) made->fabric.domains.front().dimensions = {blocks, 1, 1};
  return made;
}

JobRequest make_request(std::uint32_t nodes, std::uint32_t cores, std::uint32_t gpus) {
  JobRequest request;
  request.name = "job";
  request.user = "alice";
  request.uid = 1000;
  request.gid = 1000;
  request.project = "default";
  Component component;
  component.nodes = nodes;
  component.tasks = nodes;
  component.per_node.cores = cores;
  component.per_node.gpus = gpus;
  component.cores_per_task = cores;
  request.components.push_back(std::move(component));
  return request;
}

}  // namespace usine::sim
