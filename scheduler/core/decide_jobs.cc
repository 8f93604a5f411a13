// Decisions on what users ask about jobs: submission, cancellation, hold, release, requeue, and
// what reaches their processes.
#include <algorithm>
#include <string>

#include "scheduler/core/access.h"
#include "scheduler/core/decider.h"
#include "scheduler/core/dependencies.h"
#include "scheduler/core/feasibility.h"
#include "scheduler/core/node_count.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

// The job that an earlier submission with this idempotency key made, if any (B10).
const Job* earlier_submission(const State& state, const JobRequest& request) {
  if (request.idempotency_key.empty()) return nullptr;
  const auto found = state.idempotency.find({request.user, request.idempotency_key});
  return found == state.idempotency.end() ? nullptr : state.find_job(found->second);
}

// Whether a start as early as can be would end in time.
Status check_deadline(const JobRequest& request, Time now) {
  if (!request.deadline) return {};
  const Time start = std::max(now, request.begin.value_or(now));
  if (start + request.time_limit <= *request.deadline) return {};
  return fail(ErrorCode::kRefused, "the job could not end before its deadline " +
                                       format_time(*request.deadline) + " with a time limit of " +
                                       format_duration(request.time_limit) +
                                       "; lower --time or set a later --deadline");
}

std::string job_text(JobId id) { return "job " + std::to_string(id.value); }

Result<Reply> cancel(Decider& decider, const Job& job, const Caller& caller) {
  if (job.state == JobState::kPending) {
    decider.emit(
        JobEnded{job.id, JobState::kCancelled, {}, "cancelled by " + caller.user, decider.now});
    return Done{};
  }
  request_stop(decider, {job.id, job.attempt->number}, StopCause::kCancelled,
               "cancelled by " + caller.user);
  return Done{};
}

Result<Reply> hold(Decider& decider, const Job& job, const Caller& caller) {
  if (job.state != JobState::kPending) {
    return fail(ErrorCode::kConflict, job_text(job.id) + " is " +
                                          std::string(to_string(job.state)) +
                                          "; only a waiting job can be held");
  }
  const bool own = caller.user == job.request->user;
  const HoldKind kind = own ? HoldKind::kUser : HoldKind::kOperator;
  if (job.hold == HoldKind::kNone || kind == HoldKind::kOperator) {
    decider.emit(JobHeld{job.id, kind, decider.now});
  }
  return Done{};
}

Result<Reply> release(Decider& decider, const Job& job, const Caller& caller) {
  if (auto allowed = check_release(job, caller); !allowed) return fail(allowed.error());
  decider.emit(JobReleased{job.id, decider.now});
  return Done{};
}

Result<Reply> requeue(Decider& decider, const Job& job, const Caller& caller) {
  if (!job.attempt) return fail(ErrorCode::kConflict, job_text(job.id) + " is waiting already");
  request_stop(decider, {job.id, job.attempt->number}, StopCause::kRequeued,
               "requeued by " + caller.user);
  return Done{};
}

// What may be asked of it at all.
Status check_action(const Job& job, const ActOnJob& command) {
  if (job.request->user != command.caller.user && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission,
                job_text(command.job) +
                    " belongs to another user; only its owner and operators "
                    "may change it");
  }
  if (!job.is_array() && (command.tasks || !command.states.empty())) {
    return fail(ErrorCode::kInvalid,
                job_text(command.job) + " is not an array: it has no tasks to choose from");
  }
  const bool runs_again = job.is_array() && command.action == JobAction::kRequeue;
  if (is_final(job.state) && !runs_again) {
    return fail(ErrorCode::kConflict, job_text(command.job) + " has ended already (" +
                                          std::string(to_string(job.state)) + ")");
  }
  return {};
}

}  // namespace

Status check_release(const Job& job, const Caller& caller) {
  if (job.hold == HoldKind::kNone) {
    return fail(ErrorCode::kConflict, job_text(job.id) + " is not held");
  }
  if (job.hold == HoldKind::kOperator && !caller.is_operator) {
    return fail(ErrorCode::kPermission,
                job_text(job.id) + " is held by an operator, who alone can release it");
  }
  return {};
}

Result<Reply> act_on_one_job(Decider& decider, const Job& job, const ActOnJob& command) {
  const Caller& caller = command.caller;
  switch (command.action) {
    case JobAction::kCancel: return cancel(decider, job, caller);
    case JobAction::kHold: return hold(decider, job, caller);
    case JobAction::kRelease: return release(decider, job, caller);
    case JobAction::kRequeue: return requeue(decider, job, caller);
    case JobAction::kSuspend:
    case JobAction::kUnsuspend: return set_suspension(decider, job, command.action);
    case JobAction::kSignal: return pass_signal(decider, job, command.signal);
  }
  return fail(ErrorCode::kInvalid, "unknown action on a job");
}

Result<Reply> decide_submit(Decider& decider, const SubmitJob& command) {
  const State& state = decider.state;
  if (auto sound = check_request(*command.request); !sound) return fail(sound.error());
  // Before what may have changed since: a deadline that has come near, a job that is forgotten.
  const Job* const earlier = earlier_submission(state, *command.request);
  if (earlier != nullptr && !command.test_only) return Submitted{earlier->id, true};
  auto filing = file_request(state, command.caller, command.request);
  if (!filing) return fail(filing.error());
  auto settled = settle_nodes(state, filing->partition, filing->request);
  if (!settled) return fail(settled.error());
  filing->request = *std::move(settled);
  const JobRequest& request = *filing->request;
  if (auto sound = check_request(request); !sound) return fail(sound.error());
  if (request.priority > 0 && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission,
                "only operators may raise a job's priority above 0; leave --priority out");
  }
  if (auto fits = check_feasible(state, filing->partition, request); !fits) {
    return fail(fits.error());
  }
  if (auto fits = check_size(decider.state, *filing); !fits) return fail(fits.error());
  if (auto in_time = check_deadline(request, decider.now); !in_time) return fail(in_time.error());
  const Status reserved = check_reservation_of(state, command.caller, request);
  if (!reserved) return fail(reserved.error());
  const Dependent dependent{state.next_job, request};
  auto dependencies = statuses_of(state, dependent, request.dependencies, command.past);
  if (!dependencies) return fail(dependencies.error());
  if (command.test_only) return Submitted{};
  const JobId id = state.next_job;
  decider.emit(JobSubmitted{id, filing->request, filing->partition, decider.now,
                            *std::move(dependencies), filing->qos});
  return Submitted{id, false};
}

Result<Reply> decide_act_on_job(Decider& decider, const ActOnJob& command) {
  const Job* job = decider.state.find_job(command.job);
  if (job == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no " + job_text(command.job) +
                                          " in the queue; `usine history` lists finished ones");
  }
  if (auto allowed = check_action(*job, command); !allowed) return fail(allowed.error());
  if (job->is_array()) return decide_act_on_array(decider, command);
  return act_on_one_job(decider, *job, command);
}

}  // namespace usine
