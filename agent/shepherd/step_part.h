// The part of a step that one node has: which of its ranks run there, on what share of the job's
// cores and GPUs, and what each is to be started with. Owned by StepTasks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/launch_plan.h"
#include "agent/core/step_shares.h"
#include "agent/core/task_binding.h"
#include "agent/shepherd/step_order.h"

namespace usine::shepherd {

class StepPart {
 public:
  // What the steps of the node have of it.
  struct Books {
    agent::ShareBook& cores;
    agent::ShareBook& gpus;
  };

  // All three outlive this.
  StepPart(const agent::LaunchJob& job, Books books, const proto::LaunchTasks& launch)
      : job_(job), books_(books), launch_(launch) {}
  StepPart(const StepPart&) = delete;
  StepPart& operator=(const StepPart&) = delete;

  // What the launch says; nothing else is to be called where it does not read. Error: kInvalid,
  // kRefused.
  [[nodiscard]] Status read();
  // Noted in the books until it is given back; a step that overlaps leaves no note.
  void take_share();
  void give_share_back();

  struct PlannedTask {
    agent::ProcessPlan plan;
    std::string told;  // lines on what it is bound to, where the step asks for them
  };
  // With the share taken. Error: kInvalid where the task cannot be bound as asked.
  [[nodiscard]] Result<PlannedTask> plan(std::uint32_t local_rank);

  [[nodiscard]] const StepOrder& order() const { return order_; }
  [[nodiscard]] const agent::StepLayout& layout() const { return layout_; }
  [[nodiscard]] std::size_t place() const { return place_; }
  [[nodiscard]] const agent::StepLayout::Node& here() const { return layout_.nodes[place_]; }

 private:
  [[nodiscard]] Status read_layout();

  const agent::LaunchJob& job_;
  const Books books_;
  const proto::LaunchTasks& launch_;
  StepOrder order_;
  agent::StepCommand command_;
  agent::StepLayout layout_;
  std::size_t place_ = 0;  // of this node in the layout
  agent::NodeShare share_;
  std::optional<agent::TaskBinding> binding_;
};

}  // namespace usine::shepherd
