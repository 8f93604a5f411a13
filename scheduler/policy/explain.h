// Why a job waits, whole: every rule that keeps it from starting now, each worked out with its
// numbers and with who holds what it lacks. A pass stores only the first rule; this looks at all
// nodes once more, for the one job that is asked about. Pure.
#pragma once

#include <optional>
#include <vector>

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

struct Explanation {
  // Never empty while the job waits. The rule that the planner met first stands first.
  std::vector<BlockingRule> rules;
  std::vector<NodeCensus> components;  // one for each of the request's
};

// `found`: what the newest pass said of the job; none where no pass has come to it. The job exists
// and is pending.
[[nodiscard]] Explanation explain(const State& state, const Job& job,
                                  const std::optional<Reason>& found, Time now);

}  // namespace usine
