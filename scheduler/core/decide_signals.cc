// Decisions on what reaches the processes of a running job: signals, and whether they stand still.
#include <string>

#include "scheduler/core/decider.h"

namespace usine {
namespace {

std::string job_text(const Job& job) { return "job " + std::to_string(job.id.value); }

AttemptKey key_of(const Job& job) { return {job.id, job.attempt->number}; }

}  // namespace

Status check_reaches(const Job& job, JobAction action) {
  if (job.state != JobState::kRunning) {
    return fail(ErrorCode::kConflict, job_text(job) + " is " + std::string(to_string(job.state)) +
                                          ": only a running job has processes to reach");
  }
  const bool suspended = job.attempt->suspended.has_value();
  if (action == JobAction::kSuspend && suspended) {
    return fail(ErrorCode::kConflict, job_text(job) + " is suspended already");
  }
  if (action == JobAction::kUnsuspend && !suspended) {
    return fail(ErrorCode::kConflict, job_text(job) + " is not suspended");
  }
  return {};
}

Result<Reply> set_suspension(Decider& decider, const Job& job, JobAction action) {
  if (auto reaches = check_reaches(job, action); !reaches) return fail(reaches.error());
  decider.emit(SuspensionSet{key_of(job), action == JobAction::kSuspend, decider.now});
  return Done{};
}

Result<Reply> pass_signal(Decider& decider, const Job& job, const SignalRequest& what) {
  if (auto reaches = check_reaches(job, JobAction::kSignal); !reaches) {
    return fail(reaches.error());
  }
  if (what.signal <= 0) return fail(ErrorCode::kInvalid, "no signal is named: --signal USR1");
  decider.emit(AttemptSignalled{key_of(job), what, false});
  return Done{};
}

}  // namespace usine
