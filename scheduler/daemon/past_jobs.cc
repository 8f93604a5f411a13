#include "scheduler/daemon/past_jobs.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace usine::daemon {
namespace {

// The last end of the job or task that the item names, where there was one.
Result<std::optional<PastJob>> last_end(store::HistoryReader& history, const Dependency& item) {
  store::HistoryFilter filter;
  filter.job = item.job;
  filter.array_index = item.task;
  const Result<store::HistoryPage> page = history.list(filter);
  if (!page) return fail(page.error());
  std::optional<PastJob> last;
  for (const HistoryRow& row : page->entries) {
    if (row.final) last = PastJob{row.key.job, row.state, row.started, row.ended};
  }
  return last;
}

}  // namespace

Result<KnownDependencies> look_up(const State& state, store::HistoryReader& history,
                                  Dependencies dependencies) {
  KnownDependencies known;
  for (Dependency& item : dependencies.items) {
    if (item.kind == DependencyKind::kSingleton) continue;
    if (item.task && state.find_job(item.job) != nullptr) continue;
    const auto end = last_end(history, item);
    if (!end) return fail(end.error());
    if (!*end) continue;
    item.job = (*end)->job;
    item.task.reset();
    const bool again = std::ranges::find(known.past, item.job, &PastJob::job) != known.past.end();
    if (!again) known.past.push_back(**end);
  }
  known.dependencies = std::move(dependencies);
  return known;
}

}  // namespace usine::daemon
