// What a planning pass is told, proposes and finds out, as plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/ids.h"
#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/command.h"

namespace usine {

// Reasons of jobs. Most jobs share theirs with others, so each is kept once.
class JobReasons {
 public:
  using Number = std::uint32_t;

  Number add(Reason reason) {
    reasons_.push_back(std::move(reason));
    return static_cast<Number>(reasons_.size() - 1);
  }
  void set(JobId job, Number reason) { jobs_.push_back({job, reason}); }
  void set(JobId job, Reason reason) { set(job, add(std::move(reason))); }

  struct Entry {
    JobId job;
    Number reason = 0;
  };
  // In the order of the pass; no job twice.
  [[nodiscard]] const std::vector<Entry>& jobs() const { return jobs_; }
  [[nodiscard]] const Reason& reason(const Entry& entry) const { return reasons_[entry.reason]; }

  [[nodiscard]] std::size_t size() const { return jobs_.size(); }
  [[nodiscard]] bool empty() const { return jobs_.empty(); }
  // Null where the pass said nothing of it. Looks through all jobs: for tests and single questions.
  [[nodiscard]] const Reason* find(JobId job) const {
    for (const Entry& entry : jobs_) {
      if (entry.job == job) return &reason(entry);
    }
    return nullptr;
  }
  [[nodiscard]] bool contains(JobId job) const { return find(job) != nullptr; }
  [[nodiscard]] const Reason& at(JobId job) const {
    const Reason* const found = find(job);
    CHECK_THAT(found != nullptr);
    return *found;
  }

 private:
  std::vector<Reason> reasons_;
  std::vector<Entry> jobs_;
};

struct Plan {
  CommitPlan proposals;
  // Of every waiting job that this pass looked at and does not start. What an earlier pass said of
  // other waiting jobs still holds.
  JobReasons reasons;
  // When jobs start at the latest, where that can be said; takes the place of earlier estimates.
  std::map<JobId, Time> estimates;
  // When a pass could do more by time alone: a running job may be put back then.
  std::optional<Time> again;
};

struct PlanLimits {
  std::uint64_t placements_tried_max = 100'000;  // in one pass; the rest wait with kPassLimit
  // A pass that follows an event looks at what the event can have changed; a full one comes when
  // that much time has passed since the last.
  Millis full_pass_every{600'000};
  // The same where a pass has left promises that might come nearer as they were.
  Millis promises_renewed_after{60'000};
  // The same where a job has come that goes before one with a promise.
  Millis order_restored_after{1'000};
  // Starts that a pass after an event makes or keeps anew, so that none takes long; the next one,
  // which follows at once, goes on from there.
  std::size_t event_starts_max = 16;
  // Nodes that a pass after an event looks at to make promises anew, one promise at least, first in
  // the order; a full pass does all.
  std::size_t renewal_nodes_max = 25'000;
  // Jobs for which one pass looks for others that make room, first in the order.
  std::size_t preemptions_tried_max = 4;
};

// What one pass is to do.
struct PassOrder {
  Time now{};
  bool full = true;
  bool afresh = true;  // where full: promises made before count for nothing
  // Where not full: jobs that no pass has looked at, and the nodes that have got room since.
  std::vector<JobId> fresh;
  std::vector<NodeId> grown;
};

}  // namespace usine
