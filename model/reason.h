// Why a job waits, as data: the rule that blocks it and the numbers behind it. A text is made of it
// only at the edge, so that the same reason reads alike in `queue`, `explain` and JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace usine {

enum class ReasonKind : std::uint8_t {
  kNotYetConsidered = 0,  // submitted after the last planning pass
  kHeld = 1,              // text: who holds it
  kBeginTime = 2,         // asked: begin, ms since 1970
  kRequeueDelay = 3,      // asked: not before, ms since 1970; text: why it was requeued
  kAwaitingFence = 4,     // text: the lost nodes that must come back or be fenced first
  kPartitionDown = 5,     // asked: nodes; free: 0 nodes of the partition are up
  kNodesDown = 6,         // asked: nodes; free: fitting nodes that are up; total: that exist
  kGpusBusy = 7,          // asked: GPUs a node; total: nodes needed; free: nodes that have them now
  kCoresBusy = 8,         // the same for cores
  kMemoryBusy = 9,        // the same for memory in MiB
  kNodesBusy = 10,        // asked: nodes; free: nodes wholly idle (exclusive jobs)
  kNodeListBusy = 11,     // text: the named nodes that are busy or down
  kBehindHigherPriority = 12,      // asked: the job id that is waiting before it
  kRequeueLimit = 13,              // asked: requeues so far; held by the scheduler (B43)
  kPassLimit = 14,                 // the pass's work limit ended before this job
  kDependency = 15,                // asked: the job that it waits for first; text: "afterok:12"
  kDependencyNeverSatisfied = 16,  // text: the dependencies that can never be met (B11)
  kDependencyDelay = 17,           // asked: not before, ms since 1970; text: the dependencies
  kSingleton = 18,                 // text: the name of the jobs that run one at a time
  kReserved = 19,           // asked: ms since 1970 at which the reservation begins; text: its name
  kReservationClosed = 20,  // asked: when it opens, ms since 1970; text: its name
  kReservationEnded = 21,   // text: the name of the reservation that is gone
  kReservationTooShort = 22,  // asked: its end, ms since 1970; text: its name
  kJobsLimit = 23,            // asked: jobs it adds; free: in use; total: the limit; text: of whom
  kGpusLimit = 24,            // the same for GPUs
  kNodesLimit = 25,           // the same for nodes
  kDeadline = 26,             // asked: the latest start that would have done, ms since 1970
  kPreempting = 27,           // asked: jobs that are leaving the nodes kept for it
  kTopologyBusy = 28,  // asked: nodes; free: the most that are near enough now; text: "in one rack"
  kFeaturesBusy = 29,  // asked: nodes with features; free: that could hold it now; text: features
  kArrayLimit = 30,    // asked: tasks that may run at once (%N); free: that do now (B22)
  kGuarantee = 31,     // asked: GPUs it adds; free: its project runs; total: guaranteed; text: whom
                       // the project takes what it lacks back from, or why it does not (B75)
};

[[nodiscard]] std::string_view to_string(ReasonKind kind);  // "gpus_busy": the JSON's word
[[nodiscard]] std::optional<ReasonKind> reason_kind_from(std::string_view word);

struct Reason {
  ReasonKind kind = ReasonKind::kNotYetConsidered;
  std::int64_t asked = 0;
  std::int64_t free = 0;
  std::int64_t total = 0;
  std::string text;

  friend bool operator==(const Reason&, const Reason&) = default;
};

// One sentence for people: "4 nodes with 8 free GPUs each are needed, 2 have them now".
[[nodiscard]] std::string describe(const Reason& reason);

template <typename A>
void fields(A& a, Reason& v) {
  a(v.kind, v.asked, v.free, v.total, v.text);
}

}  // namespace usine
