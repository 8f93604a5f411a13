// Decisions on a job's time limit after its submission (B46).
#include <algorithm>
#include <string>

#include "scheduler/core/decider.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

std::string job_text(JobId id) { return "job " + std::to_string(id.value); }

Status check_owner(const Job& job, const Caller& caller) {
  if (job.request->user == caller.user || caller.is_operator) return {};
  return fail(ErrorCode::kPermission,
              job_text(job.id) +
                  " belongs to another user; only its owner and operators may change its limit");
}

// What the partition allows is a bound for its users; operators set it and may go beyond.
Status check_partition(const State& state, const Job& job, const SetJobLimit& command) {
  const Partition& where = state.config->partitions[job.partition.value];
  if (command.caller.is_operator || command.time_limit <= where.time_limit_max) return {};
  return fail(ErrorCode::kRefused, "the time limit " + format_duration(command.time_limit) +
                                       " is above the " + format_duration(where.time_limit_max) +
                                       " that partition '" + where.name + "' allows");
}

Status check_not_past(const Job& job, Seconds limit, Time start, Time now) {
  if (start + limit > now) return {};
  return fail(ErrorCode::kRefused, job_text(job.id) + " has run longer than " +
                                       format_duration(limit) + " already; `usine cancel` ends it");
}

// The nodes may be promised to another job from `room_until` on, the grace of a stop included.
Status check_promises(const State& state, const Job& job, const SetJobLimit& command, Time start) {
  const bool raised = command.time_limit > job.limit();
  if (!raised || command.caller.is_operator || !command.room_until) return {};
  const Time latest = *command.room_until - state.config->timings.kill_wait;
  if (start + command.time_limit <= latest) return {};
  const auto most = std::max(std::chrono::floor<Seconds>(latest - start), job.limit());
  return fail(ErrorCode::kRefused,
              "the nodes of " + job_text(job.id) + " are promised to a waiting job from " +
                  format_time(*command.room_until) + " on: the limit can be " +
                  format_duration(most) + " at most; an operator may raise it further");
}

// Nor may it come to run into a window of somebody's reservation.
Status check_reservations(const State& state, const Job& job, const SetJobLimit& command,
                          Time now) {
  if (command.time_limit <= job.limit() || command.caller.is_operator) return {};
  const Time start = job.attempt->started.value_or(job.attempt->placed);
  const Time limit = start + command.time_limit;
  const Stay stay{now, limit, limit + state.config->timings.kill_wait, job.request->reservation};
  for (const NodeShare& share : job.attempt->allocation.nodes) {
    if (is_open(state, share.node, stay)) continue;
    return fail(ErrorCode::kRefused, job_text(job.id) + " would run on " +
                                         state.node_name(share.node) +
                                         " beyond what reservations leave it: `usine reservation "
                                         "list` shows them; an operator may raise it further");
  }
  return {};
}

}  // namespace

Result<Event> change_of(const State& state, const SetJobLimit& command, Time now) {
  const Job* job = state.find_job(command.job);
  if (job == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no " + job_text(command.job) +
                                          " in the queue; `usine history` lists finished ones");
  }
  if (auto owner = check_owner(*job, command.caller); !owner) return fail(owner.error());
  if (is_final(job->state) || job->state == JobState::kStopping) {
    return fail(ErrorCode::kConflict, job_text(job->id) + " is " +
                                          std::string(to_string(job->state)) +
                                          "; its limit can no longer change");
  }
  if (command.time_limit <= Seconds(0)) {
    return fail(ErrorCode::kInvalid, "a time limit must be more than zero");
  }
  if (auto fits = check_partition(state, *job, command); !fits) return fail(fits.error());
  if (job->attempt) {
    const Time start = job->attempt->started.value_or(job->attempt->placed);
    if (auto ahead = check_not_past(*job, command.time_limit, start, now); !ahead) {
      return fail(ahead.error());
    }
    if (auto free = check_promises(state, *job, command, start); !free) return fail(free.error());
    const Status open = check_reservations(state, *job, command, now);
    if (!open) return fail(open.error());
  }
  return JobLimitSet{job->id, command.time_limit};
}

}  // namespace usine
