#include "scheduler/core/config_merge.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace usine {
namespace {

// new_place[i]: where element i of `fresh` goes so that the names of `old` keep their places.
template <typename T>
Result<std::vector<std::uint32_t>> places(const std::vector<T>& old, const std::vector<T>& fresh,
                                          std::string_view what) {
  std::map<std::string_view, std::uint32_t> by_name;
  for (std::uint32_t i = 0; i < fresh.size(); ++i) by_name[fresh[i].name] = i;
  std::vector<std::uint32_t> place(fresh.size(), ~std::uint32_t{0});
  std::uint32_t next = 0;
  for (const T& one : old) {
    const auto found = by_name.find(one.name);
    if (found == by_name.end()) {
      return fail(ErrorCode::kRefused, "the new configuration leaves out " + std::string(what) +
                                           " '" + one.name + "'; keep it, and drain it instead");
    }
    place[found->second] = next++;
  }
  for (std::uint32_t& one : place) {
    if (one == ~std::uint32_t{0}) one = next++;
  }
  return place;
}

template <typename T>
std::vector<T> reordered(std::vector<T> values, const std::vector<std::uint32_t>& place) {
  std::vector<T> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) out[place[i]] = std::move(values[i]);
  return out;
}

}  // namespace

Result<ClusterConfig> merge_config(const ClusterConfig& old, ClusterConfig fresh) {
  const auto node_place = places(old.nodes, fresh.nodes, "node");
  if (!node_place) return fail(node_place.error());
  const auto partition_place = places(old.partitions, fresh.partitions, "partition");
  if (!partition_place) return fail(partition_place.error());
  fresh.nodes = reordered(std::move(fresh.nodes), *node_place);
  for (Partition& partition : fresh.partitions) {
    for (NodeId& node : partition.nodes) node = NodeId{(*node_place)[node.value]};
    std::ranges::sort(partition.nodes);
  }
  fresh.partitions = reordered(std::move(fresh.partitions), *partition_place);
  // Jobs of a time without QOS have the first place, which the default takes then.
  if (old.qos.empty()) std::ranges::stable_partition(fresh.qos, &Qos::is_default);
  const auto qos_place = places(old.qos, fresh.qos, "QOS");
  if (!qos_place) return fail(qos_place.error());
  fresh.qos = reordered(std::move(fresh.qos), *qos_place);
  return fresh;
}

}  // namespace usine
