// The nodes of one job as its agents and shepherds know them, in rank order: one list for the
// messages to all of them. What neighbouring nodes have in common is held once, so that a gang of a
// thousand equal nodes is a few hundred bytes and not its nodes squared on the wire. A value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/allocation.h"

namespace usine {

// One node of a job, as its peers know it.
struct JobNode {
  std::string name;
  CoreSet cores;
  GpuSet gpus;
  NicSet nics;
  std::int64_t memory_mib = 0;
  std::uint32_t component = 0;
  std::string leaf;  // the leaf switch's name, for the job's environment
  // What those indexes are on the node, filled in by the edge that has the node's shape.
  std::vector<std::uint32_t> pus{};        // hardware threads, by operating-system index
  std::vector<std::string> gpu_bus_ids{};  // in the order of `gpus`
  std::vector<std::string> nic_names{};    // in the order of `nics`

  friend bool operator==(const JobNode&, const JobNode&) = default;
};

class JobNodes {
 public:
  // From this place in the list on, until the next run begins, nodes have what `of` says.
  struct Run {
    std::uint32_t first = 0;
    std::uint32_t of = 0;

    friend bool operator==(const Run&, const Run&) = default;
  };
  // The list taken apart. runs[0].first is 0, and runs follow in order.
  struct Parts {
    std::vector<std::string> names;  // of every node
    std::vector<JobNode> shares;     // what a run of nodes has of each, without name and leaf
    std::vector<Run> share_runs;     // `of` is an index in shares
    std::vector<std::string> leaves;
    std::vector<Run> leaf_runs;  // `of` is an index in leaves

    friend bool operator==(const Parts&, const Parts&) = default;
  };

  JobNodes() : JobNodes(std::vector<JobNode>()) {}
  explicit JobNodes(const std::vector<JobNode>& nodes);
  // Error: kInvalid where runs do not cover the names in order, or are of nothing.
  [[nodiscard]] static Result<JobNodes> from_parts(Parts parts);

  [[nodiscard]] std::size_t size() const { return parts_->names.size(); }
  [[nodiscard]] JobNode operator[](std::size_t place) const;
  [[nodiscard]] const Parts& parts() const { return *parts_; }
  // The same list in memory, and not only an equal one.
  [[nodiscard]] bool is_same(const JobNodes& other) const { return parts_ == other.parts_; }

  friend bool operator==(const JobNodes& a, const JobNodes& b) { return *a.parts_ == *b.parts_; }

 private:
  explicit JobNodes(Parts parts) : parts_(std::make_shared<const Parts>(std::move(parts))) {}

  std::shared_ptr<const Parts> parts_;  // never null
};

}  // namespace usine
