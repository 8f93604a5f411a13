// A job tells that a checkpoint of it is written: what it did until now need not be done again.
#include <algorithm>
#include <string>

#include "scheduler/core/decider.h"

namespace usine {
namespace {

constexpr std::size_t kProgressBytesMax = 256;

std::string job_text(JobId id) { return "job " + std::to_string(id.value); }

Status check_progress(const std::string& progress) {
  if (progress.size() > kProgressBytesMax) {
    return fail(ErrorCode::kInvalid, "the progress has " + std::to_string(progress.size()) +
                                         " bytes, and the limit is " +
                                         std::to_string(kProgressBytesMax));
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::ranges::any_of(progress, control)) {
    return fail(ErrorCode::kInvalid, "the progress holds a control character");
  }
  return {};
}

}  // namespace

Result<Reply> decide_mark(Decider& decider, const MarkJob& command) {
  const Job* const job = decider.state.find_job(command.job);
  if (job == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no " + job_text(command.job));
  }
  if (job->request->user != command.caller.user && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission, job_text(command.job) + " belongs to another user");
  }
  if (!job->attempt || !job->attempt->started) {
    return fail(ErrorCode::kConflict,
                job_text(command.job) + " does not run, so it has no checkpoint to tell of");
  }
  if (Status sound = check_progress(command.progress); !sound) return fail(sound.error());
  decider.emit(JobMarked{command.job, {decider.now, command.progress}});
  return Done{};
}

}  // namespace usine
