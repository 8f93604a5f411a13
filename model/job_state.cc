#include "model/job_state.h"

#include <array>
#include <utility>

#include "common/check.h"

namespace usine {
namespace {

constexpr std::array<std::pair<JobState, std::string_view>, 11> kJobStates = {{
    {JobState::kPending, "pending"},
    {JobState::kPreparing, "preparing"},
    {JobState::kRunning, "running"},
    {JobState::kStopping, "stopping"},
    {JobState::kCompleted, "completed"},
    {JobState::kFailed, "failed"},
    {JobState::kCancelled, "cancelled"},
    {JobState::kTimeout, "timeout"},
    {JobState::kNodeFail, "node_fail"},
    {JobState::kOutOfMemory, "out_of_memory"},
    {JobState::kDeadline, "deadline"},
}};

}  // namespace

std::string_view to_string(JobState state) {
  for (const auto& [known, word] : kJobStates) {
    if (known == state) return word;
  }
  CHECK_THAT(false);
}

std::optional<JobState> job_state_from(std::string_view word) {
  for (const auto& [state, known] : kJobStates) {
    if (known == word) return state;
  }
  return std::nullopt;
}

std::string_view to_string(EndCause cause) {
  switch (cause) {
    case EndCause::kExited: return "exited";
    case EndCause::kLaunchRefused: return "launch_refused";
    case EndCause::kNodeFault: return "node_fault";
    case EndCause::kOutOfMemory: return "out_of_memory";
    case EndCause::kStopped: return "stopped";
    case EndCause::kLost: return "lost";
  }
  CHECK_THAT(false);
}

}  // namespace usine
