#include "agent/core/task_binding.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace usine::agent {
namespace {

using Numbers = std::vector<std::uint32_t>;

// Where nothing is known all lies in one place.
std::int32_t place_of(const std::vector<std::int32_t>& places, std::uint32_t position) {
  return position < places.size() ? places[position] : 0;
}

Numbers slice(const Numbers& numbers, std::size_t begin, std::size_t count) {
  const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(begin);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

std::vector<Numbers> by_socket(const Numbers& cores, const LaunchNode& node) {
  std::map<std::int32_t, Numbers> packages;
  for (const std::uint32_t core : cores) {
    packages[place_of(node.core_packages, core)].push_back(core);
  }
  std::vector<Numbers> sockets;
  for (auto& [package, own] : packages) sockets.push_back(std::move(own));
  return sockets;
}

// Neighbouring cores for one task after the other, from the front again where they do not suffice.
std::vector<Numbers> deal_in_order(const Numbers& cores, const TaskDemand& demand) {
  std::vector<Numbers> tasks(demand.tasks);
  std::size_t next = 0;
  for (Numbers& task : tasks) {
    const std::size_t count = std::min<std::size_t>(demand.cores_per_task, cores.size());
    for (std::size_t i = 0; i < count; ++i) task.push_back(cores[next++ % cores.size()]);
    std::ranges::sort(task);
  }
  return tasks;
}

// One task from each socket in turn that has cores enough for it left; what no socket can take
// alone is given what is left of several.
std::vector<Numbers> deal_over_sockets(const Numbers& cores, const LaunchNode& node,
                                       const TaskDemand& demand) {
  std::vector<Numbers> sockets = by_socket(cores, node);
  std::vector<Numbers> tasks(demand.tasks);
  std::size_t next = 0;
  for (Numbers& task : tasks) {
    std::size_t tried = 0;
    while (tried < sockets.size() && sockets[next].size() < demand.cores_per_task) {
      next = (next + 1) % sockets.size();
      ++tried;
    }
    while (task.size() < demand.cores_per_task) {
      Numbers& socket = sockets[next];
      const std::size_t count =
          std::min<std::size_t>(demand.cores_per_task - task.size(), socket.size());
      task.insert(task.end(), socket.begin(), socket.begin() + static_cast<std::ptrdiff_t>(count));
      socket.erase(socket.begin(), socket.begin() + static_cast<std::ptrdiff_t>(count));
      next = (next + 1) % sockets.size();
    }
    std::ranges::sort(task);
  }
  return tasks;
}

std::vector<Numbers> deal_cores(const Numbers& cores, const LaunchNode& node,
                                const TaskDemand& demand) {
  const bool over_sockets = demand.over_sockets == TaskDistribution::OverSockets::kCyclic;
  const bool enough = cores.size() >= std::uint64_t{demand.tasks} * demand.cores_per_task;
  return over_sockets && enough ? deal_over_sockets(cores, node, demand)
                                : deal_in_order(cores, demand);
}

}  // namespace

TaskBinding::TaskBinding(const LaunchNode& node, NodeShare share, const TaskDemand& demand)
    : node_(node),
      share_(std::move(share)),
      demand_(demand),
      cores_of_task_(deal_cores(share_.cores, node, demand)) {}

Result<Numbers> TaskBinding::pus_of(const CpuBinding& binding, std::uint32_t task) const {
  using Kind = CpuBinding::Kind;
  if (node_.pus.empty() || share_.cores.empty()) return Numbers{};  // nothing to be bound to
  Numbers pus;
  switch (binding.kind) {
    case Kind::kNone: pus = pus_of_cores(node_, share_.cores); break;
    case Kind::kCores: pus = pus_of_cores(node_, cores_of_task_[task]); break;
    case Kind::kThreads:
      for (const std::uint32_t core : cores_of_task_[task]) {
        pus.push_back(pus_of_cores(node_, {core}).front());
      }
      break;
    case Kind::kSockets: pus = pus_of_cores(node_, cores_like(node_.core_packages, task)); break;
    case Kind::kNumas: pus = pus_of_cores(node_, cores_like(node_.core_numas, task)); break;
    case Kind::kRank: {
      const Numbers all = pus_of_cores(node_, share_.cores);
      pus.push_back(all[task % all.size()]);
      break;
    }
    case Kind::kMap:
    case Kind::kMask: pus = binding.sets[task % binding.sets.size()]; break;
  }
  std::ranges::sort(pus);
  for (const std::uint32_t pu : pus) {
    if (std::ranges::find(node_.pus, pu) != node_.pus.end()) continue;
    Numbers own = node_.pus;
    std::ranges::sort(own);
    return fail(ErrorCode::kInvalid, "--cpu-bind: processor " + std::to_string(pu) +
                                         " is not of the job on " + node_.name + ", which has " +
                                         number_ranges(own) + " there");
  }
  return pus;
}

// Those of the step's cores that share a place with one of the task's.
Numbers TaskBinding::cores_like(const std::vector<std::int32_t>& places, std::uint32_t task) const {
  Numbers cores;
  for (const std::uint32_t core : share_.cores) {
    const auto same = [&](std::uint32_t own) {
      return place_of(places, own) == place_of(places, core);
    };
    if (std::ranges::any_of(cores_of_task_[task], same)) cores.push_back(core);
  }
  return cores;
}

Numbers TaskBinding::closest_gpus(std::uint32_t task) const {
  Numbers near;
  for (const std::uint32_t gpu : share_.gpus) {
    const auto beside = [&](std::uint32_t core) {
      return place_of(node_.core_numas, core) == place_of(node_.gpu_numas, gpu);
    };
    if (std::ranges::any_of(cores_of_task_[task], beside)) near.push_back(gpu);
  }
  return near.empty() ? share_.gpus : near;
}

Result<Numbers> TaskBinding::gpus_listed(const BoundNumbers& numbers) const {
  Numbers positions;
  for (const std::uint32_t number : numbers) {
    if (number >= share_.gpus.size()) {
      return fail(ErrorCode::kInvalid, "--gpu-bind: there is no GPU " + std::to_string(number) +
                                           " of the step on " + node_.name + ", which has " +
                                           std::to_string(share_.gpus.size()) + ", counted from 0");
    }
    positions.push_back(share_.gpus[number]);
  }
  return positions;
}

Result<Numbers> TaskBinding::gpus_of(const GpuBinding& binding, std::uint32_t task) const {
  using Kind = GpuBinding::Kind;
  Kind kind = binding.kind;
  std::uint32_t count = binding.count;
  if (kind == Kind::kDefault && demand_.gpus_per_task > 0) {
    kind = Kind::kPerTask;
    count = demand_.gpus_per_task;
  }
  Numbers positions = share_.gpus;
  if (kind == Kind::kClosest) positions = closest_gpus(task);
  if (kind == Kind::kSingle && !share_.gpus.empty()) {
    const Numbers near = closest_gpus(task);
    positions = {near[task / count % near.size()]};
  }
  if (kind == Kind::kPerTask) {
    if (std::uint64_t{demand_.tasks} * count > share_.gpus.size()) {
      return fail(ErrorCode::kInvalid,
                  "--gpu-bind: " + std::to_string(demand_.tasks) + " tasks of " +
                      std::to_string(count) + " GPUs need more than the step's " +
                      std::to_string(share_.gpus.size()) + " on " + node_.name);
    }
    positions = slice(share_.gpus, std::size_t{task} * count, count);
  }
  if (kind == Kind::kMap || kind == Kind::kMask) {
    auto listed = gpus_listed(binding.sets[task % binding.sets.size()]);
    if (!listed) return listed;
    positions = *std::move(listed);
  }
  for (std::uint32_t& position : positions) position = node_.gpus[position];
  return positions;
}

Numbers TaskBinding::gpus() const {
  Numbers numbers;
  for (const std::uint32_t position : share_.gpus) numbers.push_back(node_.gpus[position]);
  return numbers;
}

Numbers cores_in_order(const LaunchNode& node, const TaskDemand& demand) {
  Numbers cores(node.cores);
  std::iota(cores.begin(), cores.end(), 0u);
  if (demand.over_sockets == TaskDistribution::OverSockets::kBlock) return cores;
  const std::vector<Numbers> sockets = by_socket(cores, node);
  const std::size_t turn = std::max(demand.cores_per_task, 1u);
  Numbers order;
  for (std::size_t begin = 0; order.size() < cores.size(); begin += turn) {
    for (const Numbers& socket : sockets) {
      const std::size_t from = std::min(begin, socket.size());
      const Numbers next = slice(socket, from, std::min(turn, socket.size() - from));
      order.insert(order.end(), next.begin(), next.end());
    }
  }
  return order;
}

Numbers pus_of_cores(const LaunchNode& node, const Numbers& cores) {
  Numbers pus;
  const std::size_t threads = node.pus.size() / std::max(node.cores, 1u);
  for (const std::uint32_t core : cores) {
    for (std::size_t thread = 0; thread < threads; ++thread) {
      pus.push_back(node.pus[core * threads + thread]);
    }
  }
  return pus;
}

std::string number_ranges(const Numbers& numbers) {
  std::string text;
  for (std::size_t begin = 0; begin < numbers.size();) {
    std::size_t end = begin + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(numbers[begin]);
    if (end - begin > 1) text += '-' + std::to_string(numbers[end - 1]);
    begin = end;
  }
  return text.empty() ? "none" : text;
}

}  // namespace usine::agent
