#include "tests/e2e/gpu_time.h"

#include <stdexcept>
#include <variant>

#include "scheduler/core/event.h"
#include "scheduler/store/event_reader.h"
#include "scheduler/store/history_reader.h"

namespace usine::test {
namespace {

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

std::pair<std::uint64_t, std::uint32_t> name_of(AttemptKey key) {
  return {key.job.value, key.attempt.value};
}

}  // namespace

GpuTime gpu_time_of_parts(const std::string& state_folder) {
  GpuTime time;
  std::map<AttemptKey, Allocation> places;
  auto reader = value_or_throw(store::EventReader::open({state_folder + "/usine.db", {}}));
  const Status read = reader.read(Time{}, [&](const Applied& row) {
    for (const Event& event : row.events) {
      if (const auto* const placed = std::get_if<AttemptPlaced>(&event)) {
        places[{placed->job, placed->attempt}] = placed->allocation;
      }
      const auto* const ended = std::get_if<AttemptNodeEnded>(&event);
      if (ended == nullptr) continue;
      const NodeShare& share = places.at(ended->key).nodes.at(ended->index);
      const auto gpu_ms = static_cast<std::int64_t>(share.gpus.count()) * ended->elapsed.count();
      time.of_attempt[name_of(ended->key)] += gpu_ms;
      time.of_node[share.node.value] += gpu_ms;
    }
    return true;
  });
  if (!read) throw std::runtime_error(read.error().message);
  return time;
}

GpuTime gpu_time_of_history(const std::string& state_folder) {
  GpuTime time;
  auto reader = value_or_throw(store::HistoryReader::open({state_folder + "/usine.db", {}}));
  for (store::HistoryFilter filter;;) {
    const store::HistoryPage page = value_or_throw(reader.list(filter));
    for (const HistoryRow& row : page.entries) {
      time.of_attempt[{row.key.job.value, row.key.attempt.value}] += row.gpu_ms;
    }
    if (page.next_after_row == 0) return time;
    filter.after_row = page.next_after_row;
  }
}

}  // namespace usine::test
