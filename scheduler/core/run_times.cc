#include "scheduler/core/run_times.h"

#include <algorithm>
#include <bit>

namespace usine {
namespace {

constexpr std::uint32_t kWithoutGpus = 64;

std::uint64_t total_cores(const JobRequest& request) {
  std::uint64_t total = 0;
  for (const Component& part : request.components) {
    total += std::uint64_t{part.nodes} * part.per_node.cores;
  }
  return total;
}

std::uint32_t size_class_of(const JobRequest& request) {
  const std::uint64_t gpus = request.total_gpus();
  if (gpus > 0) return static_cast<std::uint32_t>(std::bit_width(gpus));
  return kWithoutGpus + static_cast<std::uint32_t>(std::bit_width(total_cores(request)));
}

}  // namespace

ScriptKey script_of(const JobRequest& request) {
  return {request.user, request.project, request.name, size_class_of(request)};
}

void RunTimes::learn(const ScriptKey& script, Millis run) {
  const Seconds took = std::max(std::chrono::ceil<Seconds>(run), Seconds{1});
  auto place = scripts_.find(script);
  if (place == scripts_.end()) {
    if (scripts_.size() >= scripts_max_) forget_silent_half();
    place = scripts_.try_emplace(script).first;
  }
  ScriptRuns& known = place->second;
  if (known.runs.size() == kRunsKept) known.runs.erase(known.runs.begin());
  known.runs.push_back(took);
  known.newest = ++learned_;
}

// Numbers of runs are all different, so that the half is the same on every replica.
void RunTimes::forget_silent_half() {
  std::vector<std::uint64_t> newest;
  newest.reserve(scripts_.size());
  for (const auto& [script, known] : scripts_) newest.push_back(known.newest);
  const auto middle = newest.begin() + static_cast<std::ptrdiff_t>(newest.size() / 2);
  std::ranges::nth_element(newest, middle);
  std::erase_if(scripts_, [&](const auto& one) { return one.second.newest <= *middle; });
}

const ScriptRuns* RunTimes::find(const ScriptKey& script) const {
  const auto known = scripts_.find(script);
  return known == scripts_.end() ? nullptr : &known->second;
}

std::optional<Seconds> RunTimes::expected(const ScriptKey& script) const {
  const ScriptRuns* const known = find(script);
  if (known == nullptr) return std::nullopt;
  std::vector<Seconds> runs = known->runs;
  const auto middle = runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 2);
  std::ranges::nth_element(runs, middle);
  return *middle;
}

}  // namespace usine
