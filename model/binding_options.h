// What a step's tasks are bound to, as --cpu-bind and --gpu-bind of Slurm's srun say it. Pure
// values; agent/core/task_binding.h works out what they mean on a node.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usine {

// Numbers of processors or GPUs, ascending; each is below kBoundNumbersMax.
using BoundNumbers = std::vector<std::uint32_t>;
inline constexpr std::size_t kBoundNumbersMax = 4096;

struct CpuBinding {
  enum class Kind : std::uint8_t {
    kCores,    // the default: each task to cores of its own, with all their hardware threads
    kNone,     // each task to all cores of the step on its node
    kThreads,  // as kCores, to the first hardware thread of each core
    kSockets,  // to those of the step's cores that share a socket with the task's
    kNumas,    // "ldoms": the same with a NUMA domain
    kRank,     // the n-th task of a node to the n-th processor of the step there
    kMap,      // the n-th task of a node to the n-th of the processors listed
    kMask,     // the same with sets of processors
  };

  Kind kind = Kind::kCores;
  bool verbose = false;
  std::vector<BoundNumbers> sets;  // kMap, kMask: processors by the system's numbers

  friend bool operator==(const CpuBinding&, const CpuBinding&) = default;
};

struct GpuBinding {
  enum class Kind : std::uint8_t {
    kDefault,  // not said: per_task where --gpus-per-task gives a number, else none
    kNone,     // each task sees all GPUs of the step on its node
    kClosest,  // those in the NUMA domain of its cores; all where there is none
    kSingle,   // one of those: `count` tasks share one, then comes the next
    kPerTask,  // `count` of the step's GPUs for each task alone
    kMap,      // the n-th task of a node sees the n-th of the GPUs listed
    kMask,     // the same with sets of GPUs
  };

  Kind kind = Kind::kDefault;
  bool verbose = false;
  std::uint32_t count = 1;         // kSingle, kPerTask
  std::vector<BoundNumbers> sets;  // kMap, kMask: the step's GPUs on the node, counted from 0

  friend bool operator==(const GpuBinding&, const GpuBinding&) = default;
};

// "[verbose,|quiet,]KIND"; an empty text is the default. Errors: kRefused for kinds of Slurm that
// are not supported, by name; kInvalid for what is none, or for a list that cannot be read.
[[nodiscard]] Result<CpuBinding> parse_cpu_binding(std::string_view text);
[[nodiscard]] Result<GpuBinding> parse_gpu_binding(std::string_view text);

}  // namespace usine
