// The environment of a job's processes: what was submitted, and over it the names that programs and
// training frameworks read to learn their place (USINE_*, SLURM_*, MASTER_ADDR, RANK, ...). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/launch_job.h"
#include "agent/core/launch_layout.h"

namespace usine::agent {

// Names and values; a later set() of a name wins.
class Environment {
 public:
  Environment() = default;
  // Entries without '=' or with an empty name are passed over.
  explicit Environment(const std::vector<std::string>& entries);

  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }
  void set(const std::string& name, std::uint64_t value) { set(name, std::to_string(value)); }
  // Leaves a value that is there.
  void set_default(const std::string& name, std::string value) {
    values_.try_emplace(name, std::move(value));
  }
  void erase(const std::string& name) { values_.erase(name); }
  [[nodiscard]] std::string get(const std::string& name) const;  // empty where it is not set
  [[nodiscard]] std::vector<std::string> entries() const;        // by name

 private:
  std::map<std::string, std::string> values_;
};

// "NAME=value" entries, each ended by a NUL byte, as LaunchRequest holds them.
[[nodiscard]] std::vector<std::string> split_environment(std::string_view blob);

// Where the ranks of a step, or programs that the batch script starts, meet: MASTER_ADDR and
// MASTER_PORT.
struct MeetingPoint {
  std::string address;
  std::uint16_t port = 0;
};

// One rank of a step.
struct TaskPlace {
  std::uint32_t step = 0;
  const StepLayout& layout;
  std::size_t node = 0;  // index in layout.nodes
  std::uint32_t local_rank = 0;
  std::vector<std::uint32_t> step_gpus{};  // of the step on this node, by the node's numbers
  std::vector<std::uint32_t> gpus{};       // of those, what this rank sees

  [[nodiscard]] std::uint32_t rank() const { return layout.nodes[node].ranks[local_rank]; }
};

// What every process of the job on this node sees, over `base`.
[[nodiscard]] Environment job_environment(const LaunchJob& job, std::vector<std::string> base,
                                          const MeetingPoint& meeting);

// What the batch script sees: the job's, and Slurm's names for the task that it is.
[[nodiscard]] Environment batch_environment(const LaunchJob& job, const MeetingPoint& meeting);

// What a shell sees that holds the job from elsewhere: nothing that is of one node. Over what it
// sees already.
[[nodiscard]] Environment outside_environment(const LaunchJob& job, const MeetingPoint& meeting);

// What one rank sees: the job's, over the environment that `usine run` was called in.
[[nodiscard]] Environment task_environment(const LaunchJob& job, std::vector<std::string> base,
                                           const MeetingPoint& meeting, const TaskPlace& place);

}  // namespace usine::agent
