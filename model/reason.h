// Why a job waits, as data: the rule that blocks it and the numbers behind it. A text is made of it
// only at the edge, so that the same reason reads alike in `queue`, `explain` and JSON.
#pragma once

#include <cstdint>
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
  kBehindHigherPriority = 12,  // asked: the job id that is waiting before it
  kRequeueLimit = 13,          // asked: requeues so far; held by the scheduler (B43)
  kPassLimit = 14,             // the pass's work limit ended before this job
};

[[nodiscard]] std::string_view to_string(ReasonKind kind);  // "gpus_busy": the JSON's word

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
