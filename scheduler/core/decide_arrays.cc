// Decisions on job arrays: what users ask of an array or of some of its tasks.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "scheduler/core/arrays.h"
#include "scheduler/core/decider.h"

namespace usine {
namespace {

std::string array_text(const Job& array) { return "array " + std::to_string(array.id.value); }

// For a message: a long list is cut.
std::string all_indexes(const Job& array) {
  constexpr std::size_t kRangesShown = 8;
  const ArraySpec& spec = *array.request->array;
  return format_indexes(spec, IntervalSet::first_numbers(spec.count()), kRangesShown);
}

// The tasks of an array that an action is about, by where they are.
struct Selected {
  IntervalSet pending;
  std::vector<JobId> live;
  std::map<JobState, IntervalSet> ended;

  [[nodiscard]] bool empty() const { return pending.empty() && live.empty() && ended.empty(); }
};

Selected select_tasks(const Job& array, const ArrayTasks& tasks,
                      const std::optional<ArraySpec>& wanted) {
  if (!wanted) {
    Selected all{tasks.pending, {}, tasks.ended};
    for (const auto& [position, job] : tasks.live) all.live.push_back(job);
    return all;
  }
  const IntervalSet positions = array.request->array->positions_of(*wanted);
  Selected some{tasks.pending.intersection(positions), {}, {}};
  for (const auto& [position, job] : tasks.live) {
    if (positions.contains(position)) some.live.push_back(job);
  }
  for (const auto& [outcome, ended] : tasks.ended) {
    IntervalSet both = ended.intersection(positions);
    if (!both.empty()) some.ended[outcome] = std::move(both);
  }
  return some;
}

std::string by(const Caller& caller) { return " by " + caller.user; }

void cancel_live(Decider& decider, JobId id, const Caller& caller) {
  const Job& job = *decider.state.find_job(id);
  if (job.attempt) {
    request_stop(decider, {id, job.attempt->number}, StopCause::kCancelled,
                 "cancelled" + by(caller));
  } else {
    decider.emit(JobEnded{id, JobState::kCancelled, {}, "cancelled" + by(caller), decider.now});
  }
}

Result<Reply> cancel(Decider& decider, const Job& array, const Selected& selected,
                     const Caller& caller) {
  if (selected.pending.empty() && selected.live.empty()) {
    return fail(ErrorCode::kConflict, "these tasks of " + array_text(array) +
                                          " have ended already: `usine show job " +
                                          job_name(array) + "` says how");
  }
  const JobId id = array.id;
  // What waits first, so that no task starts in the place of one that is cancelled (B23).
  if (!selected.pending.empty())
    decider.emit(ArrayTasksEnded{id, selected.pending, JobState::kCancelled});
  for (const JobId job : selected.live) cancel_live(decider, job, caller);
  return Done{};
}

// The tasks among `jobs` that wait, put back after an earlier start.
std::vector<JobId> waiting_of(const State& state, const std::vector<JobId>& jobs) {
  std::vector<JobId> waiting;
  std::ranges::copy_if(jobs, std::back_inserter(waiting), [&state](JobId id) {
    return state.find_job(id)->state == JobState::kPending;
  });
  return waiting;
}

std::unexpected<Error> not_apart(const Job& array) {
  return fail(ErrorCode::kRefused,
              "tasks that have not started are held and released together: name the whole array, " +
                  job_name(array));
}

// Nothing of it is refused: what could be has been checked.
Result<Reply> act_on_each(Decider& decider, const std::vector<JobId>& jobs,
                          const ActOnJob& command) {
  for (const JobId id : jobs) {
    const Job& job = *decider.state.find_job(id);
    CHECK_THAT(act_on_one_job(decider, job, command).has_value());
  }
  return Done{};
}

Result<Reply> hold(Decider& decider, const Job& array, const Selected& selected,
                   const ActOnJob& command) {
  std::vector<JobId> targets = waiting_of(decider.state, selected.live);
  if (command.tasks && !selected.pending.empty()) return not_apart(array);
  if (!selected.pending.empty()) targets.push_back(array.id);
  if (targets.empty()) {
    return fail(ErrorCode::kConflict,
                "no task of " + array_text(array) + " waits; only waiting tasks can be held");
  }
  return act_on_each(decider, targets, command);
}

Result<Reply> release(Decider& decider, const Job& array, const Selected& selected,
                      const ActOnJob& command) {
  if (command.tasks && !selected.pending.empty()) return not_apart(array);
  std::vector<JobId> targets = waiting_of(decider.state, selected.live);
  if (!command.tasks) targets.push_back(array.id);
  std::erase_if(targets, [&decider](JobId id) {
    return decider.state.find_job(id)->hold == HoldKind::kNone;
  });
  if (targets.empty()) return fail(ErrorCode::kConflict, array_text(array) + " is not held");
  for (const JobId id : targets) {
    const Job& job = *decider.state.find_job(id);
    if (auto allowed = check_release(job, command.caller); !allowed) return fail(allowed.error());
  }
  return act_on_each(decider, targets, command);
}

// Signals and suspensions: to each of the tasks that they can reach.
Result<Reply> reach(Decider& decider, const Job& array, const Selected& selected,
                    const ActOnJob& command) {
  std::vector<JobId> targets = selected.live;
  std::erase_if(targets, [&](JobId id) {
    return !check_reaches(*decider.state.find_job(id), command.action);
  });
  if (targets.empty()) {
    return fail(ErrorCode::kConflict,
                "no task of " + array_text(array) + " runs that this would change");
  }
  return act_on_each(decider, targets, command);
}

// Those that have ended as `states` says; without states, any way but well.
IntervalSet to_renew(const Selected& selected, const ActOnJob& command) {
  IntervalSet tasks;
  for (const auto& [outcome, positions] : selected.ended) {
    const bool wanted = command.states.empty() ? command.tasks && outcome != JobState::kCompleted
                                               : command.states.contains(outcome);
    if (wanted) tasks.insert_all(positions);
  }
  return tasks;
}

// Where the task was lost and may still run (B93): the first such node, none where it cannot.
std::optional<NodeId> may_still_run_on(const State& state, const Job& task) {
  const bool was_lost = task.exit.cause == EndCause::kLost && task.started && task.last_allocation;
  if (!was_lost || task.request->requeue_unfenced) return std::nullopt;
  for (const NodeShare& share : task.last_allocation->nodes) {
    const Node& node = state.node(share.node);
    if (node.link == NodeLink::kDown && !node.fenced) return share.node;
  }
  return std::nullopt;
}

// Looks through all jobs, where a node is down at all: people do not run tasks again often.
Status check_none_still_runs(const State& state, const Job& array, const IntervalSet& renewed) {
  const auto is_down = [](const Node& node) {
    return node.link == NodeLink::kDown && !node.fenced;
  };
  if (std::ranges::none_of(state.nodes, is_down)) return {};
  for (const auto& [id, task] : state.jobs) {
    if (!task.is_task() || task.array_id != array.id || !is_final(task.state)) continue;
    if (!renewed.contains(*array.request->array->position_of(task.array_index))) continue;
    const auto node = may_still_run_on(state, task);
    if (!node) continue;
    const std::string name = state.node_name(*node);
    return fail(ErrorCode::kConflict,
                "task " + job_name(task) + " may still run on " + name +
                    ", which was lost: it can run again once that node is back, or after `usine " +
                    "node fence " + name + "`");
  }
  return {};
}

Result<Reply> requeue(Decider& decider, const Job& array, const Selected& selected,
                      const ActOnJob& command) {
  const JobId id = array.id;
  const IntervalSet renewed = to_renew(selected, command);
  std::vector<AttemptKey> stopped;
  for (const JobId job : selected.live) {
    const Job& task = *decider.state.find_job(job);
    if (command.states.empty() && task.attempt) stopped.push_back({job, task.attempt->number});
  }
  if (renewed.empty() && stopped.empty()) {
    return fail(ErrorCode::kConflict,
                "no task of " + array_text(array) +
                    " is in a state to be put back: `usine show job " + job_name(array) +
                    "` lists them; --state completed,cancelled,... names those to run again");
  }
  if (auto ended = check_none_still_runs(decider.state, array, renewed); !ended) {
    return fail(ended.error());
  }
  if (!renewed.empty()) decider.emit(ArrayTasksRenewed{id, renewed});
  for (const AttemptKey key : stopped) {
    request_stop(decider, key, StopCause::kRequeued, "requeued" + by(command.caller));
  }
  return Done{};
}

}  // namespace

Result<Reply> decide_act_on_array(Decider& decider, const ActOnJob& command) {
  const Job& array = *decider.state.find_job(command.job);
  const Selected selected = select_tasks(array, decider.state.arrays.at(array.id), command.tasks);
  if (selected.empty()) {
    return fail(ErrorCode::kNotFound, array_text(array) + " has no task " +
                                          to_string(*command.tasks) + ": its tasks are " +
                                          all_indexes(array));
  }
  switch (command.action) {
    case JobAction::kCancel: return cancel(decider, array, selected, command.caller);
    case JobAction::kHold: return hold(decider, array, selected, command);
    case JobAction::kRelease: return release(decider, array, selected, command);
    case JobAction::kRequeue: return requeue(decider, array, selected, command);
    case JobAction::kSuspend:
    case JobAction::kUnsuspend:
    case JobAction::kSignal: return reach(decider, array, selected, command);
  }
  return fail(ErrorCode::kInvalid, "unknown action on a job");
}

Result<Event> change_of(const State& state, const SetArrayLimit& command) {
  const Job* job = state.find_job(command.job);
  const std::string id = std::to_string(command.job.value);
  if (job == nullptr || !job->is_array()) {
    return fail(ErrorCode::kNotFound, "there is no array " + id + " in the queue: `usine queue` " +
                                          "lists arrays and their tasks");
  }
  if (job->request->user != command.caller.user && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission, "array " + id +
                                            " belongs to another user; only its owner " +
                                            "and operators may change it");
  }
  if (is_final(job->state)) {
    return fail(ErrorCode::kConflict, "array " + id + " has ended already");
  }
  return ArrayLimitSet{job->id, command.limit};
}

}  // namespace usine
