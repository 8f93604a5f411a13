// Where a job is in its life, and how it ended. Shared by core, wire and command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace usine {

enum class JobState : std::uint8_t {
  kPending = 0,    // waits, or is held
  kPreparing = 1,  // placed: its nodes are getting ready, no process of it runs yet
  kRunning = 2,
  kStopping = 3,   // its end is decided, some node still has processes of it
  kCompleted = 4,  // final states from here on
  kFailed = 5,
  kCancelled = 6,
  kTimeout = 7,
  kNodeFail = 8,
  kOutOfMemory = 9,
  kDeadline = 10,  // could not have ended before its deadline any more
};

[[nodiscard]] constexpr bool is_final(JobState state) { return state >= JobState::kCompleted; }

// "pending", "node_fail", ... and back; nullopt for a word that is none of them.
[[nodiscard]] std::string_view to_string(JobState state);
[[nodiscard]] std::optional<JobState> job_state_from(std::string_view word);

// How the batch script, or what stood for the whole job on a node, ended.
enum class EndCause : std::uint8_t {
  kExited = 0,         // by itself: exit_code or signal say how
  kLaunchRefused = 1,  // never started, by the job's own fault (no such folder): message says why
  kNodeFault = 2,  // never started or broke off by the node's fault (full disk): drains the node
  kOutOfMemory = 3,
  kStopped = 4,  // by a Stop command: cancellation, limit or the end of the head node
  kLost = 5,     // the node or its agent is gone and cannot say
};

[[nodiscard]] std::string_view to_string(EndCause cause);

struct ExitStatus {
  EndCause cause = EndCause::kExited;
  std::int32_t exit_code = 0;  // 0..255; 0 where a signal ended it
  std::int32_t signal = 0;     // 0 for none
  std::string message;         // one line for the user, may be empty

  [[nodiscard]] bool succeeded() const {
    return cause == EndCause::kExited && exit_code == 0 && signal == 0;
  }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

template <typename A>
void fields(A& a, ExitStatus& v) {
  a(v.cause, v.exit_code, v.signal, v.message);
}

}  // namespace usine
