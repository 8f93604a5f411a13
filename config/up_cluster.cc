#include "config/up_cluster.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "common/hostlist.h"

namespace usine::config {

namespace {

// "node001": three digits, more where the number needs them.
std::string numbered(const std::string& word, std::uint32_t number, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*u", digits, number);
  return word + text.data();
}

std::vector<std::string> numbered_from_one(const std::string& word, std::uint32_t count,
                                           int digits) {
  std::vector<std::string> names;
  for (std::uint32_t i = 1; i <= count; ++i) names.push_back(numbered(word, i, digits));
  return names;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

std::string up_cluster_yaml(const UpOptions& options) {
  constexpr std::uint32_t kSmall = 8;
  const std::uint32_t nodes_per_leaf = options.nodes <= kSmall ? 2 : 8;
  const std::uint32_t leaves = (options.nodes + nodes_per_leaf - 1) / nodes_per_leaf;
  const int digits = options.nodes > 999 ? 5 : 3;
  const std::vector<std::string> nodes = numbered_from_one("node", options.nodes, digits);
  const std::vector<std::string> leaf_names = numbered_from_one("leaf", leaves, 1);

  const std::string node_class = quoted(std::filesystem::path(options.like).stem().string());

  std::string yaml = "# Written by `usine up`. Edit it and run `usine config check` on it.\n";
  yaml += "cluster: " + options.cluster + "\n";
  yaml += "scheduler:\n  listen: " + quoted(options.listen_address) + "\n";
  yaml += "classes:\n  " + node_class + ":\n    machine: " + quoted(options.like) + "\n";
  if (options.gpus_per_node != MachineSource::kAllGpus) {
    yaml += "    gpus: " + std::to_string(options.gpus_per_node) + "\n";
  }
  yaml += "fabric:\n  site: " + options.cluster + "\n  children:\n";
  yaml += "    - leaf: " + compress_hostlist(leaf_names) + "\n";
  yaml += "nodes:\n";
  // The last leaf may have fewer nodes, so each leaf is an entry of its own.
  for (std::uint32_t leaf = 0; leaf < leaves; ++leaf) {
    const auto first = nodes.begin() + leaf * nodes_per_leaf;
    const auto last = nodes.begin() + std::min(options.nodes, (leaf + 1) * nodes_per_leaf);
    yaml += "  - names: " + compress_hostlist({first, last}) + "\n";
    yaml += "    class: " + node_class + "\n    leaf: " + leaf_names[leaf] + "\n";
  }
  yaml += "partitions:\n  main: {nodes: all, default: true}\n";
  return yaml;
}

}  // namespace usine::config
