// Small clusters and requests for tests, which state only what matters to them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/cluster.h"
#include "model/request.h"

namespace usine::test {

// Two packages with one NUMA domain each, `gpus` GPUs split between them with a NIC on the PCIe
// switch of each, and NVLink among all GPUs.
inline NodeShape gpu_node_shape(std::uint32_t cores = 16, std::uint32_t gpus = 8) {
  NodeShape shape;
  shape.name = "test-node";
  shape.packages = 2;
  shape.numa_nodes = {{0, 0, 64 * 1024}, {1, 1, 64 * 1024}};
  for (std::uint32_t i = 0; i < cores; ++i) {
    const auto side = static_cast<std::int16_t>(i < cores / 2 ? 0 : 1);
    shape.cores.push_back({side, side, {i}});
  }
  for (std::uint32_t i = 0; i < gpus; ++i) {
    const auto side = static_cast<std::int16_t>(i < gpus / 2 ? 0 : 1);
    const auto pci_switch = static_cast<std::int16_t>(i);
    const std::string bus = "0000:" + std::to_string(10 + i) + ":00.0";
    shape.gpus.push_back({bus, "Test GPU", 80 * 1024, side, pci_switch});
    shape.nics.push_back({"nic" + std::to_string(i), "", side, pci_switch});
  }
  shape.gpu_links_mbps.assign(std::size_t{gpus} * gpus, 450'000);
  for (std::uint32_t i = 0; i < gpus; ++i) shape.gpu_links_mbps[i * gpus + i] = 0;
  return shape;
}

// node001 ... in leaves leaf1 ... of `nodes_per_leaf`, all in partition "main".
inline ClusterConfig cluster_of(std::uint32_t nodes, std::uint32_t nodes_per_leaf = 4,
                                NodeShape shape = gpu_node_shape()) {
  ClusterConfig config;
  config.name = "test";
  config.operators = {"operator"};
  config.classes = {{"test-node", std::move(shape)}};
  config.fabric.domains = {{"machine", DomainKind::kSite, DomainId{0}}};
  Partition main;
  main.name = "main";
  main.time_limit_max = Seconds{24 * 3600};
  main.is_default = true;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    if (i % nodes_per_leaf == 0) {
      const std::string name = "leaf" + std::to_string(1 + i / nodes_per_leaf);
      config.fabric.domains.push_back({name, DomainKind::kLeaf, DomainId{0}});
    }
    std::string digits = std::to_string(i + 1);
    digits.insert(0, 3 - digits.size(), '0');
    const auto leaf = static_cast<std::uint32_t>(config.fabric.domains.size() - 1);
    config.nodes.push_back({"node" + digits, 0, DomainId{leaf}, {}});
    main.nodes.push_back(NodeId{i});
  }
  config.partitions = {std::move(main)};
  config.priority.length_doubling = {};  // jobs go as they come, whatever limits they have
  return config;
}

struct Ask {
  std::uint32_t nodes = 1;
  std::uint32_t gpus = 0;   // a node
  std::uint32_t cores = 1;  // a node
  std::string user = "ada";
  Seconds time_limit{3600};
};

inline JobRequest request_for(const Ask& ask) {
  JobRequest request;
  request.name = "train";
  request.user = ask.user;
  request.time_limit = ask.time_limit;
  Component component;
  component.nodes = ask.nodes;
  component.tasks = ask.nodes;
  component.per_node.cores = ask.cores;
  component.per_node.gpus = ask.gpus;
  request.components = {component};
  request.launch.script_name = "train.sh";
  request.launch.working_directory = "/tmp";
  return request;
}

}  // namespace usine::test
