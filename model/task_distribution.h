// In which order the tasks of a step go to its nodes, and on each node to its sockets:
// --distribution, as Slurm's srun has it. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usine {

struct TaskDistribution {
  enum class OverNodes : std::uint8_t {
    kBlock,   // consecutive ranks share a node
    kCyclic,  // consecutive ranks go to different nodes, one by one
    kPlane,   // the same with `plane` ranks at a time
  };
  enum class OverSockets : std::uint8_t {
    kBlock,   // consecutive tasks of a node take neighbouring cores
    kCyclic,  // they go to different sockets, one by one
  };

  OverNodes nodes = OverNodes::kBlock;
  std::uint32_t plane = 1;  // with kPlane
  OverSockets sockets = OverSockets::kBlock;

  friend bool operator==(const TaskDistribution&, const TaskDistribution&) = default;
};

// "block", "cyclic", "plane=4", each with ":block" or ":cyclic" for the sockets where that is said;
// "*" and an empty text are the default, "block:block". Errors: kRefused for the ways of Slurm that
// are not supported, by name; kInvalid for what is none.
[[nodiscard]] Result<TaskDistribution> parse_distribution(std::string_view text);
[[nodiscard]] std::string to_string(const TaskDistribution& distribution);

}  // namespace usine
