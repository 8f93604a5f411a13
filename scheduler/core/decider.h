// What the decide_*.cc files share: the state under decision, the time, and emit(), which applies
// an event as it is decided so that later parts of one command see earlier ones. Internal to the
// core.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/decide.h"

namespace usine {

struct Decider {
  State& state;
  Time now;
  std::vector<Event> events;
  Observer observer = {};
  std::size_t followed = 0;  // events whose consequences for dependents are drawn

  void emit(Event event) {
    apply_event(state, event);
    if (observer) observer(state, event);
    events.push_back(std::move(event));
  }
};

// ---- decide_jobs.cc ---------------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_submit(Decider& decider, const SubmitJob& command);
[[nodiscard]] Result<Reply> decide_act_on_job(Decider& decider, const ActOnJob& command);

// The action on a job that is no array, by a caller who may act on it; hold and release also on an
// array's own job, for the tasks that have no job yet.
[[nodiscard]] Result<Reply> act_on_one_job(Decider& decider, const Job& job,
                                           const ActOnJob& command);
[[nodiscard]] Status check_release(const Job& job, const Caller& caller);

// ---- decide_signals.cc ------------------------------------------------------------------------
// Whether the job has processes that a signal or a suspension reaches. Error: kConflict.
[[nodiscard]] Status check_reaches(const Job& job, JobAction action);
[[nodiscard]] Result<Reply> set_suspension(Decider& decider, const Job& job, JobAction action);
[[nodiscard]] Result<Reply> pass_signal(Decider& decider, const Job& job,
                                        const SignalRequest& what);

// ---- decide_update.cc -------------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_set_limit(Decider& decider, const SetJobLimit& command);
[[nodiscard]] Result<Reply> decide_set_dependencies(Decider& decider,
                                                    const SetDependencies& command);
[[nodiscard]] Result<Reply> decide_array_limit(Decider& decider, const SetArrayLimit& command);
[[nodiscard]] Result<Reply> decide_update(Decider& decider, const UpdateJob& command);

// What each of them would change, where it may: nothing is emitted yet.
[[nodiscard]] Result<Event> change_of(const State& state, const SetJobLimit& command, Time now);
[[nodiscard]] Result<Event> change_of(const State& state, const SetDependencies& command, Time now);
[[nodiscard]] Result<Event> change_of(const State& state, const SetArrayLimit& command);

// ---- decide_dependencies.cc -------------------------------------------------------------------
// Emits what the events so far mean for jobs that depend on others, and for reservations. Called
// after each command, and within one that may forget a job that it has ended.
void follow_dependencies(Decider& decider);

// ---- decide_arrays.cc -------------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_act_on_array(Decider& decider, const ActOnJob& command);

// ---- decide_plan.cc ---------------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_plan(Decider& decider, const CommitPlan& command);

// ---- decide_mark.cc ---------------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_mark(Decider& decider, const MarkJob& command);

// ---- decide_reservations.cc -------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_create_reservation(Decider& decider,
                                                      const CreateReservation& command);
[[nodiscard]] Result<Reply> decide_delete_reservation(Decider& decider,
                                                      const DeleteReservation& command);

// Opens and closes the windows whose time has come.
void turn_reservations(Decider& decider);

// ---- decide_nodes.cc --------------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_configure(Decider& decider, const Configure& command);
[[nodiscard]] Result<Reply> decide_act_on_node(Decider& decider, const ActOnNode& command);
[[nodiscard]] Result<Reply> decide_hello(Decider& decider, const AgentHello& command);
[[nodiscard]] Result<Reply> decide_gone(Decider& decider, const AgentGone& command);
[[nodiscard]] Result<Reply> decide_lease(Decider& decider, const LeaseExpired& command);

// ---- decide_attempts.cc -----------------------------------------------------------------------
[[nodiscard]] Result<Reply> decide_prepared(Decider& decider, const AgentPrepared& command);
[[nodiscard]] Result<Reply> decide_ended(Decider& decider, const AgentEnded& command);
[[nodiscard]] Result<Reply> decide_tick(Decider& decider);

// Asks every node of the attempt to stop; nothing where its end is already decided otherwise.
void request_stop(Decider& decider, AttemptKey key, StopCause cause, std::string text);

// Why an attempt stops when one of its nodes is through with it.
struct Because {
  StopCause cause = StopCause::kHeadEnded;
  std::string text;
};

// One node's part of the attempt is over: the others are asked to stop, unless they have been, and
// the attempt ends with the last of them.
void end_node_part(Decider& decider, std::uint32_t index, const Ended& report, Because because);

// As end_node_part(), but the node's share stays taken until the site's epilog has run.
void start_epilog(Decider& decider, std::uint32_t index, const Ended& report, Because because);

// By the scheduler itself, for what the node did. A node that is drained already keeps its author
// and gets the reason beside the one it has.
void drain_for_fault(Decider& decider, NodeId node, const std::string& reason);

// The node is gone with what it ran: its part of every attempt is lost, once.
void lose_attempts_of(Decider& decider, NodeId node, const std::string& text);

// What an attempt's node must be told, given what the state says of it: Prepare, Start or Stop.
[[nodiscard]] std::vector<ToAgent> messages_for(const State& state, const Job& job,
                                                std::uint32_t index);

}  // namespace usine
