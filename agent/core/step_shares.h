// What the running steps of a job have of its nodes, so that steps beside each other share neither
// cores nor GPUs unless they ask to (B58). Kept by the job's head shepherd, who counts; which cores
// and GPUs those are is each node's to say (ShareBook). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/launch_job.h"
#include "agent/core/launch_layout.h"

namespace usine::agent {

class StepShares {
 public:
  explicit StepShares(const LaunchJob& job);

  // Where the step can be now: as lay_out_step() has it, or in the same shape on other nodes of the
  // job that have room, in their order. None: it has to wait.
  [[nodiscard]] std::optional<StepLayout> find(const StepLayout& wanted) const;
  // The first thing of which too little is free now, "2 cores on node001, of which 1 is free";
  // empty where the step can have its share.
  [[nodiscard]] std::string lacking(const StepLayout& layout) const;
  void take(const StepLayout& layout);
  void give_back(const StepLayout& layout);

 private:
  struct Node {
    std::string name;
    std::uint32_t cores = 0;
    std::uint32_t gpus = 0;
    std::uint32_t cores_free = 0;
    std::uint32_t gpus_free = 0;
    std::uint32_t component = 0;
  };
  // Whether what the step has on one node fits on that other one too.
  [[nodiscard]] bool has_room(std::size_t other, const StepLayout::Node& wanted) const;
  // A job whose tasks have more cores than its nodes gives each step what there is.
  [[nodiscard]] std::uint32_t cores_of(const StepLayout::Node& node) const;

  std::vector<Node> nodes_;  // by LaunchJob::nodes
};

// Which of a node's cores, or of its GPUs, its running steps use, by position.
class ShareBook {
 public:
  explicit ShareBook(std::size_t size) : users_(size, 0) {}

  // `count` positions, the least used first, then those that come first in `order`, which has every
  // position once (empty: the lowest first); in ascending order.
  [[nodiscard]] std::vector<std::uint32_t> find(std::size_t count,
                                                std::vector<std::uint32_t> order = {}) const;
  // Notes that a step uses them until it gives them back.
  void take(const std::vector<std::uint32_t>& positions);
  void give_back(const std::vector<std::uint32_t>& positions);

 private:
  std::vector<std::uint32_t> users_;  // steps on each
};

}  // namespace usine::agent
