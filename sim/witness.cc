#include "sim/witness.h"

#include <algorithm>

#include "sim/place_watch.h"
#include "sim/story.h"

namespace usine::sim {
namespace {

std::string text_of(JobId job) { return "job " + std::to_string(job.value); }

std::set<JobId> ended_jobs(const MemoryJournal& journal) {
  std::set<JobId> ended;
  for (const HistoryRow& row : journal.history()) {
    if (row.final) ended.insert(row.key.job);
  }
  return ended;
}

}  // namespace

void Witness::breach(std::string text) {
  if (breaches_.size() < kBreachesMax) breaches_.push_back(std::move(text));
}

void Witness::accepted(const std::string& key, JobId job) {
  const auto [entry, is_new] = jobs_.emplace(key, job);
  if (entry->second != job) {
    breach("[B10] one submission became " + text_of(entry->second) + " and " + text_of(job));
  }
  const auto same = std::ranges::count(jobs_, job, [](const auto& one) { return one.second; });
  if (is_new && same > 1) breach(text_of(job) + " stands for two submissions");
}

void Witness::committed(const std::vector<Event>& events) {
  for (const Event& event : events) {
    count_use(event);
    note(dependencies_.take(event));
    note(reservations_.take(event));
    note(sharing_.take(event));
    note(scripts_.take(event));
    if (const auto* const renewed = std::get_if<ArrayTasksRenewed>(&event)) {
      renewed_.insert(renewed->array);
    }
    const auto* const ended = std::get_if<JobEnded>(&event);
    if (ended != nullptr && ended->outcome == JobState::kCompleted) {
      const auto place = place_of_.find(ended->job);
      if (place != place_of_.end()) succeeded_.insert(place->second);
    }
    const auto* const submitted = std::get_if<JobSubmitted>(&event);
    if (submitted == nullptr) continue;
    const auto [entry, is_new] =
        submitted_.emplace(submitted->request->idempotency_key, submitted->job);
    if (is_new) continue;
    breach("[B10] one submission is " + text_of(entry->second) + " and " + text_of(submitted->job));
  }
}

void Witness::count_use(const Event& event) {
  if (const auto* const placed = std::get_if<AttemptPlaced>(&event)) {
    places_[{placed->job, placed->attempt}] = placed->allocation;
  }
  if (const auto* const ended = std::get_if<AttemptNodeEnded>(&event)) {
    const NodeShare& share = places_.at(ended->key).nodes.at(ended->index);
    const auto gpus = static_cast<std::int64_t>(share.gpus.count());
    gpu_ms_[share.node] += gpus * ended->elapsed.count();
  }
}

void Witness::check_use(const MemoryJournal& journal) {
  std::int64_t of_nodes = 0;
  std::int64_t of_jobs = 0;
  for (const auto& [node, gpu_ms] : gpu_ms_) of_nodes += gpu_ms;
  for (const HistoryRow& row : journal.history()) of_jobs += row.gpu_ms;
  if (of_nodes == of_jobs) return;
  breach("[B84] GPU milliseconds by node are " + std::to_string(of_nodes) + ", by job " +
         std::to_string(of_jobs));
}

void Witness::ready(NodeId node, AttemptKey key) { ready_[key].insert(node); }

// No task of an array runs in two jobs at once, nor again once it has succeeded.
void Witness::check_task(const Prepare& prepare) {
  const TaskPlace place{prepare.array->id, prepare.array->index};
  place_of_[prepare.key.job] = place;
  const std::string text =
      "[B24] task " + std::to_string(place.first) + '_' + std::to_string(place.second);
  if (succeeded_.contains(place)) breach(text + " starts again after it has succeeded");
  for (const auto& [node, attempts] : live_) {
    const bool other_runs = std::ranges::any_of(attempts, [&](const auto& one) {
      const JobId job = one.first.job;
      return job != prepare.key.job && place_of_.contains(job) && place_of_.at(job) == place;
    });
    if (other_runs) breach(text + " runs in two jobs at once");
  }
}

void Witness::started(NodeId node, const Prepare& prepare) {
  const AttemptKey key = prepare.key;
  if (prepare.array) check_task(prepare);
  if (ready_[key].size() < prepare.nodes.size()) {
    breach("[B28] " + text_of(key) + " starts before all its nodes are ready");
  }
  if (!started_.emplace(key, node).second) breach("[B92] " + text_of(key) + " starts twice");
  for (const auto& [where, attempts] : live_) {
    const bool other_runs = std::ranges::any_of(
        attempts, [key](const auto& one) { return one.first.job == key.job && one.first != key; });
    if (other_runs && !prepare.request->requeue_unfenced) {
      breach("[B93] " + text_of(key) + " starts while another attempt of the job runs");
    }
  }
  const JobNode& share = prepare.nodes[prepare.this_node];
  for (const auto& [other, held] : live_[node]) {
    if (held.cores.intersects(share.cores) || held.gpus.intersects(share.gpus)) {
      breach("[B57] " + text_of(key) + " and " + text_of(other) + " share a core or a GPU");
    }
  }
  live_[node].emplace(key, share);
}

void Witness::stopped(NodeId node, AttemptKey key) { live_[node].erase(key); }

void Witness::check_state(const State& state) {
  for (const std::string& fault : check_invariants(state)) {
    breach("sequence " + std::to_string(state.sequence.value) + ": " + fault);
  }
  for (const std::string& fault : misplaced(state)) breach(fault);
}

void Witness::check_promises(const State& state, const MemoryJournal& journal) {
  const std::set<JobId> ended = ended_jobs(journal);
  for (const auto& [key, job] : jobs_) {
    if (state.find_job(job) == nullptr && !ended.contains(job)) {
      breach("[B92] " + text_of(job) + " was accepted and is gone");
    }
  }
}

void Witness::check_end(const State& state, const MemoryJournal& journal) {
  for (const auto& [id, job] : state.jobs) {
    if (!is_final(job.state)) {
      breach(text_of(id) + " has not ended: it is " + std::string(to_string(job.state)));
    }
  }
  std::set<AttemptKey> attempts;
  std::set<JobId> ends;
  for (const HistoryRow& row : journal.history()) {
    if (!attempts.insert(row.key).second) breach("[B40] " + text_of(row.key) + " is booked twice");
    const bool again = row.final && !ends.insert(row.key.job).second;
    if (again && !renewed_.contains(row.key.job)) {
      breach("[B94] the end of " + text_of(row.key.job) + " is booked twice");
    }
  }
  check_use(journal);
  note(scripts_.at_end());
  for (const auto& [key, job] : jobs_) {
    if (!ends.contains(job)) breach(text_of(job) + " has no end in the books");
  }
}

}  // namespace usine::sim
