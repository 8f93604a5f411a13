#include "model/reason.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/time.h"
#include "common/units.h"

namespace usine {
namespace {

// Words of ReasonKind in the order of its numbers.
constexpr std::array<std::string_view, 32> kWords = {
    "not_yet_considered",
    "held",
    "begin_time",
    "requeue_delay",
    "awaiting_fence",
    "partition_down",
    "nodes_down",
    "gpus_busy",
    "cores_busy",
    "memory_busy",
    "nodes_busy",
    "node_list_busy",
    "behind_higher_priority",
    "requeue_limit",
    "pass_limit",
    "dependency",
    "dependency_never_satisfied",
    "dependency_delay",
    "singleton",
    "reserved",
    "reservation_closed",
    "reservation_ended",
    "reservation_too_short",
    "jobs_limit",
    "gpus_limit",
    "nodes_limit",
    "deadline",
    "preempting",
    "topology_busy",
    "features_busy",
    "array_limit",
    "guarantee",
};

std::string count(std::int64_t number, std::string_view noun) {
  std::string text = std::to_string(number) + ' ';
  text += noun;
  if (number != 1) text += 's';
  return text;
}

std::string have(std::int64_t number) { return number <= 1 ? " has " : " have "; }

// "4 nodes with 8 free GPUs each are needed, 2 have them now"
std::string share_is_busy(const Reason& reason, const std::string& share, bool many) {
  return count(reason.total, "node") + " with " + share +
         (reason.total == 1 ? " is" : " each are") + " needed, " +
         (reason.free == 0 ? "none" : std::to_string(reason.free)) + have(reason.free) +
         (many ? "them now" : "it now");
}

std::string nodes_are_down(const Reason& reason) {
  return count(reason.asked, "fitting node") + (reason.asked == 1 ? " is" : " are") + " needed, " +
         std::to_string(reason.free) + " of the " + std::to_string(reason.total) +
         " that exist can take work now; the others are down or drained";
}

std::string at(std::int64_t millis) { return format_time(Time(Millis(millis))); }

std::string describe_reservation(const Reason& reason) {
  const std::string name = "reservation '" + reason.text + "'";
  switch (reason.kind) {
    case ReasonKind::kReserved:
      return "nodes that it could use are kept for " + name + ", which begins at " +
             at(reason.asked) + ", before its time limit would end";
    case ReasonKind::kReservationClosed: return "its " + name + " opens at " + at(reason.asked);
    case ReasonKind::kReservationTooShort:
      return "its time limit ends after its " + name + " does, at " + at(reason.asked) +
             "; shorten it with `usine update --time-limit`";
    default: return "its " + name + " is over or was deleted; cancel it and submit it again";
  }
}

// "user ada uses 60 of at most 64 GPUs at once, and this job adds 8"
std::string at_limit(const Reason& reason, std::string_view noun) {
  return reason.text + " uses " + std::to_string(reason.free) + " of at most " +
         count(reason.total, noun) + " at once, and this job adds " + std::to_string(reason.asked);
}

std::string describe_wait(const Reason& reason) {
  switch (reason.kind) {
    case ReasonKind::kHeld:
      return "it is held" + (reason.text.empty() ? "" : " by " + reason.text) +
             " until it is released";
    case ReasonKind::kBeginTime: return "it is not to start before " + at(reason.asked);
    case ReasonKind::kRequeueDelay:
      return "it was put back in the queue (" + reason.text + ") and starts not before " +
             at(reason.asked);
    case ReasonKind::kAwaitingFence:
      return "it may still run on " + reason.text + ", which must come back or be fenced first";
    case ReasonKind::kRequeueLimit:
      return "it was requeued " + count(reason.asked, "time") +
             ", the most allowed, and is held until it is released";
    case ReasonKind::kBehindHigherPriority:
      return "it waits behind job " + std::to_string(reason.asked) + ", which goes first";
    case ReasonKind::kDependency: return "it waits for another job: " + reason.text;
    case ReasonKind::kDependencyNeverSatisfied:
      return "DependencyNeverSatisfied: " + reason.text +
             " can never be met any more; cancel it, or `usine update` its dependency";
    case ReasonKind::kDependencyDelay:
      return "it starts not before " + at(reason.asked) + ", as " + reason.text + " says";
    case ReasonKind::kSingleton:
      return "jobs named '" + reason.text +
             "' of this user run one at a time, and another is first";
    case ReasonKind::kReserved:
    case ReasonKind::kReservationClosed:
    case ReasonKind::kReservationTooShort:
    case ReasonKind::kReservationEnded: return describe_reservation(reason);
    case ReasonKind::kArrayLimit:
      return count(reason.free, "task") + " of the array " + (reason.free == 1 ? "runs" : "run") +
             " now, the most that its limit of " + std::to_string(reason.asked) +
             " allows; `usine update --array-limit` changes it";
    case ReasonKind::kPassLimit:
      return "the planning pass ended at its work limit before it came to this job";
    case ReasonKind::kJobsLimit: return at_limit(reason, "running job");
    case ReasonKind::kGpusLimit: return at_limit(reason, "GPU");
    case ReasonKind::kNodesLimit: return at_limit(reason, "node");
    case ReasonKind::kGuarantee:
      return "its project runs " + std::to_string(reason.free) + " of the " +
             count(reason.total, "GPU") + " that it is guaranteed, and this job adds " +
             std::to_string(reason.asked) + ": " + reason.text;
    case ReasonKind::kDeadline:
      return "it would have had to start by " + at(reason.asked) + " to end before its deadline";
    case ReasonKind::kPreempting:
      return count(reason.asked, "job") + (reason.asked == 1 ? " is" : " are") +
             " leaving the nodes that are kept for it";
    default: return "it was submitted after the last planning pass, the next one comes to it";
  }
}

}  // namespace

std::string_view to_string(ReasonKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  CHECK_THAT(index < kWords.size());
  return kWords[index];
}

std::optional<ReasonKind> reason_kind_from(std::string_view word) {
  const auto* const found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<ReasonKind>(found - kWords.begin());
}

std::string describe(const Reason& reason) {
  switch (reason.kind) {
    case ReasonKind::kPartitionDown:
      return count(reason.asked, "node") + (reason.asked == 1 ? " is" : " are") +
             " needed, and no node of the partition is up";
    case ReasonKind::kNodesDown: return nodes_are_down(reason);
    case ReasonKind::kGpusBusy:
      return share_is_busy(reason, count(reason.asked, "free GPU"), reason.asked != 1);
    case ReasonKind::kCoresBusy:
      return share_is_busy(reason, count(reason.asked, "free core"), reason.asked != 1);
    case ReasonKind::kMemoryBusy:
      // 0: in proportion to its cores.
      return share_is_busy(reason,
                           reason.asked == 0 ? "free memory for its cores"
                                             : format_memory_mib(reason.asked) + " of free memory",
                           false);
    case ReasonKind::kNodesBusy:
      return count(reason.asked, "wholly idle node") + (reason.asked == 1 ? " is" : " are") +
             " needed, " + std::to_string(reason.free) + (reason.free == 1 ? " is" : " are") +
             " idle now";
    case ReasonKind::kTopologyBusy:
      return count(reason.asked, "free node") + ' ' + reason.text +
             (reason.asked == 1 ? " is" : " are") + " needed, and at most " +
             std::to_string(reason.free) + (reason.free == 1 ? " lies" : " lie") + " so now";
    case ReasonKind::kFeaturesBusy:
      return count(reason.asked, "node") + " with the features " + reason.text +
             (reason.asked == 1 ? " is" : " are") + " needed, " +
             (reason.free == 0 ? "none" : std::to_string(reason.free)) +
             (reason.free <= 1 ? " is" : " are") + " free enough now";
    case ReasonKind::kNodeListBusy:
      return "it asks for nodes that are busy or down: " + reason.text;
    default: return describe_wait(reason);
  }
}

}  // namespace usine
