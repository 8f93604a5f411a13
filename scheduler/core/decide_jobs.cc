// Decisions on what users ask about jobs: submission, cancellation, hold, release, requeue.
#include <algorithm>
#include <string>

#include "scheduler/core/decider.h"
#include "scheduler/core/feasibility.h"

namespace usine {
namespace {

std::string partition_names(const ClusterConfig& config) {
  std::string text;
  for (const Partition& partition : config.partitions) {
    text += text.empty() ? partition.name : ", " + partition.name;
  }
  return text;
}

Result<PartitionId> partition_for(const State& state, const JobRequest& request) {
  const auto& partitions = state.config->partitions;
  for (std::uint32_t i = 0; i < partitions.size(); ++i) {
    const bool wanted = request.partition.empty() ? partitions[i].is_default
                                                  : partitions[i].name == request.partition;
    if (wanted) return PartitionId{i};
  }
  return fail(ErrorCode::kNotFound, "there is no partition '" + request.partition +
                                        "'; this cluster has " + partition_names(*state.config));
}

// The job that an earlier submission with this idempotency key made, if any (B10).
const Job* earlier_submission(const State& state, const JobRequest& request) {
  if (request.idempotency_key.empty()) return nullptr;
  const auto found = state.idempotency.find({request.user, request.idempotency_key});
  return found == state.idempotency.end() ? nullptr : state.find_job(found->second);
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
    decider.emit(JobHeld{job.id, kind});
  }
  return Done{};
}

Result<Reply> release(Decider& decider, const Job& job, const Caller& caller) {
  if (job.hold == HoldKind::kNone) {
    return fail(ErrorCode::kConflict, job_text(job.id) + " is not held");
  }
  if (job.hold == HoldKind::kOperator && !caller.is_operator) {
    return fail(ErrorCode::kPermission,
                job_text(job.id) + " is held by an operator, who alone can release it");
  }
  decider.emit(JobReleased{job.id});
  return Done{};
}

Result<Reply> requeue(Decider& decider, const Job& job, const Caller& caller) {
  if (!job.attempt) return fail(ErrorCode::kConflict, job_text(job.id) + " is waiting already");
  request_stop(decider, {job.id, job.attempt->number}, StopCause::kRequeued,
               "requeued by " + caller.user);
  return Done{};
}

}  // namespace

Result<Reply> decide_submit(Decider& decider, const SubmitJob& command) {
  const State& state = decider.state;
  const JobRequest& request = *command.request;
  if (auto sound = check_request(request); !sound) return fail(sound.error());
  if (request.priority > 0 && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission,
                "only operators may raise a job's priority above 0; leave --priority out");
  }
  const auto partition = partition_for(state, request);
  if (!partition) return fail(partition.error());
  if (auto fits = check_feasible(state, *partition, request); !fits) return fail(fits.error());
  if (command.test_only) return Submitted{};
  if (const Job* earlier = earlier_submission(state, request)) {
    return Submitted{earlier->id, true};
  }
  const JobId id = state.next_job;
  decider.emit(JobSubmitted{id, command.request, *partition, decider.now});
  return Submitted{id, false};
}

Result<Reply> decide_act_on_job(Decider& decider, const ActOnJob& command) {
  const Job* job = decider.state.find_job(command.job);
  if (job == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no " + job_text(command.job) +
                                          " in the queue; `usine history` lists finished ones");
  }
  if (job->request->user != command.caller.user && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission,
                job_text(command.job) +
                    " belongs to another user; only its owner and operators "
                    "may change it");
  }
  if (is_final(job->state)) {
    return fail(ErrorCode::kConflict, job_text(command.job) + " has ended already (" +
                                          std::string(to_string(job->state)) + ")");
  }
  switch (command.action) {
    case JobAction::kCancel: return cancel(decider, *job, command.caller);
    case JobAction::kHold: return hold(decider, *job, command.caller);
    case JobAction::kRelease: return release(decider, *job, command.caller);
    case JobAction::kRequeue: return requeue(decider, *job, command.caller);
  }
  return fail(ErrorCode::kInvalid, "unknown action on a job");
}

}  // namespace usine
