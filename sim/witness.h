// What no run may ever show, watched from outside the scheduler: it is told what users were
// promised and what processes do on the nodes, and notes every breach in words.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "model/agent_messages.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "sim/dependency_watch.h"
#include "sim/memory_journal.h"
#include "sim/reservation_watch.h"
#include "sim/script_watch.h"
#include "sim/sharing_watch.h"

namespace usine::sim {

class Witness {
 public:
  // Breaches beyond this many are not kept.
  static constexpr std::size_t kBreachesMax = 20;

  void breach(std::string text);
  [[nodiscard]] const std::vector<std::string>& breaches() const { return breaches_; }

  // ---- what users were promised ---------------------------------------------------------------

  // A submission with this key was accepted as this job: again, then as the same one (B10).
  void accepted(const std::string& key, JobId job);
  [[nodiscard]] const std::map<std::string, JobId>& accepted_jobs() const { return jobs_; }

  // These events are durable: a key stands for one submission, whoever heard of it.
  void committed(const std::vector<Event>& events);

  // ---- what happens on nodes ------------------------------------------------------------------

  // The attempt begins to get ready there.
  void entered(NodeId node, const Prepare& prepare) { note(scripts_.entered(node, prepare)); }
  // Nothing of it is left, and its epilog, if there is one, has run.
  void left(NodeId node, AttemptKey key) { scripts_.left(node, key); }
  void script_failed(NodeId node, const std::string& text) { scripts_.failed(node, text); }
  void lost_power(NodeId node) { scripts_.lost_power(node); }
  // This node's shepherd of the attempt stands ready.
  void ready(NodeId node, AttemptKey key);
  // It starts processes: on a head the script.
  void started(NodeId node, const Prepare& prepare);
  // None of them is left.
  void stopped(NodeId node, AttemptKey key);

  // ---- whole views ----------------------------------------------------------------------------

  void check_state(const State& state);
  // Every job that was accepted is in the state, or in the books as ended.
  void check_promises(const State& state, const MemoryJournal& journal);
  // Every job has ended, and each attempt and each end is in the books once.
  void check_end(const State& state, const MemoryJournal& journal);

 private:
  void note(std::string fault) {
    if (!fault.empty()) breach(std::move(fault));
  }
  void check_task(const Prepare& prepare);
  void count_use(const Event& event);
  void check_use(const MemoryJournal& journal);

  std::vector<std::string> breaches_;
  DependencyWatch dependencies_;
  ReservationWatch reservations_;
  SharingWatch sharing_;
  ScriptWatch scripts_;
  std::map<std::string, JobId> jobs_;                     // by idempotency key
  std::map<std::string, JobId> submitted_;                // by idempotency key
  std::map<AttemptKey, std::set<NodeId>> ready_;          // ever
  std::set<std::pair<AttemptKey, NodeId>> started_;       // ever
  std::map<NodeId, std::map<AttemptKey, JobNode>> live_;  // with what each holds there
  // Which task of which array a job is, for those that ran, and the tasks that succeeded.
  using TaskPlace = std::pair<std::uint64_t, std::uint32_t>;
  std::map<JobId, TaskPlace> place_of_;
  std::set<TaskPlace> succeeded_;
  // GPU time by the node on which it was spent, and where each attempt has its parts (B84).
  std::map<NodeId, std::int64_t> gpu_ms_;
  std::map<AttemptKey, Allocation> places_;
  std::set<JobId> renewed_;  // arrays that were taken up again, and so may end more than once
};

}  // namespace usine::sim
