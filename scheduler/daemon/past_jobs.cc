#include "scheduler/daemon/past_jobs.h"

#include <set>

namespace usine::daemon {

Result<std::vector<PastJob>> past_jobs(store::HistoryReader& history,
                                       const Dependencies& dependencies) {
  std::set<JobId> named;
  for (const Dependency& item : dependencies.items) {
    if (item.job != JobId{}) named.insert(item.job);
  }
  std::vector<PastJob> past;
  for (const JobId job : named) {
    store::HistoryFilter filter;
    filter.job = job;
    const Result<store::HistoryPage> page = history.list(filter);
    if (!page) return fail(page.error());
    const HistoryRow* last = nullptr;
    for (const HistoryRow& row : page->entries) {
      if (row.final) last = &row;
    }
    if (last != nullptr) past.push_back({job, last->state, last->started, last->ended});
  }
  return past;
}

}  // namespace usine::daemon
