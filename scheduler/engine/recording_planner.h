// A planner that writes down what it is given beside the rows of the journal, so that its run can
// be replayed to the same plans (sim/recorded.h). The shell that drives it commits what it has
// written down together with the journal's rows. Pure; owned by the planner's thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/engine/engine.h"
#include "scheduler/engine/journal.h"
#include "scheduler/policy/planner.h"

namespace usine {

class RecordingPlanner {
 public:
  explicit RecordingPlanner(State state, PlanLimits limits = {});

  void apply_row(const Applied& row) { planner_.apply_row(row.sequence, row.time, row.events); }
  [[nodiscard]] Plan plan(Time now);
  void look_again();

  [[nodiscard]] const Planner& planner() const { return planner_; }
  [[nodiscard]] const State& state() const { return planner_.state(); }

  // Of what was written down and not taken yet.
  [[nodiscard]] std::size_t inputs() const { return inputs_.size(); }
  // In the order in which they were given.
  [[nodiscard]] std::vector<PlannerInput> take_inputs() { return std::exchange(inputs_, {}); }

 private:
  Planner planner_;
  std::vector<PlannerInput> inputs_;
};

// PlannerInput::content of a pass: SHA-256 (its 32 bytes) of the proposals; empty for none.
[[nodiscard]] std::string digest_of(const CommitPlan& proposals);

// PlannerInput::content of a beginning, and back. Error: kCorrupt.
[[nodiscard]] std::string encode_limits(const PlanLimits& limits);
[[nodiscard]] Result<PlanLimits> decode_limits(std::string_view bytes);

}  // namespace usine
