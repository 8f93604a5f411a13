// Why a job waits, whole: every rule that keeps it from starting now, each worked out with its
// numbers and with who holds what it lacks, and its place in the order. A pass stores only the
// first rule; this looks at everything once more, for the one job that is asked about. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/state.h"
#include "scheduler/policy/node_census.h"

namespace usine {

struct BlockingRule {
  Reason reason;
  std::vector<Holder> holders;  // of what it lacks: most GPUs first; empty where nobody is

  friend bool operator==(const BlockingRule&, const BlockingRule&) = default;
};

// Among the jobs of every partition that wait and are eligible.
struct OrderPlace {
  // Of those ahead, as many as a trial looks at (what_if.h).
  static constexpr std::size_t kAheadListedMax = 256;

  std::uint64_t ahead = 0;
  std::uint64_t waiting = 0;         // in all, this one included
  std::vector<JobId> next_to_start;  // those ahead that go first
};

struct Explanation {
  // Never empty while the job waits. The rule that the planner met first stands first.
  std::vector<BlockingRule> rules;
  std::vector<NodeCensus> components;  // one for each of the request's
  OrderPlace place;
};

// `found`: what the newest pass said of the job; none where no pass has come to it. The job exists
// and is pending.
[[nodiscard]] Explanation explain(const State& state, const Job& job,
                                  const std::optional<Reason>& found, Time now);

}  // namespace usine
