// One step on this node: its ranks, their place in PMIx, the line towards the head shepherd that
// the step is run from, and those to the nodes behind this one. Made by a LaunchTasks message;
// owned by Steps, on the shepherd's poll thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/launch_plan.h"
#include "agent/shepherd/connection.h"
#include "agent/shepherd/fence_join.h"
#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/scratch_folders.h"
#include "agent/shepherd/step_branches.h"
#include "agent/shepherd/step_part.h"
#include "agent/shepherd/step_pmix.h"
#include "agent/shepherd/step_task.h"
#include "model/resource_use.h"

namespace usine::shepherd {

// What the steps of this node share.
struct StepTools {
  const JobSpec& spec;
  os::PollLoop& loop;
  Children& children;
  StepPmix& pmix;
  StepPart::Books books;
  ScratchFolders& folders;
  StepBranches::Lines lines;
};

class StepTasks final : public PmixListener {
 public:
  StepTasks(const StepTools& tools, ConnectionPtr head, proto::LaunchTasks launch);
  StepTasks(const StepTasks&) = delete;
  StepTasks& operator=(const StepTasks&) = delete;
  ~StepTasks() override;

  // Starts the tasks, or tells the head why not.
  void start();
  // The head has hung up and no task is left.
  [[nodiscard]] bool finished() const { return head_gone_ && tasks_left_ == 0; }

  void on_fence(std::uint64_t id, std::string data) override;
  void on_modex(std::uint64_t id, std::uint32_t rank) override;
  void on_abort(std::uint32_t rank, int status, const std::string& message) override;
  void on_connected(std::uint32_t rank) override;

 private:
  [[nodiscard]] Status open_branches();
  [[nodiscard]] Status join_pmix();
  void start_tasks();
  void launch(std::uint32_t local_rank);
  [[nodiscard]] Status wire_up(std::uint32_t local_rank, agent::ProcessPlan& plan);
  void handle(const proto::ShepherdMessage& message);
  void obey(const proto::ShepherdMessage& message);
  void pass_up(std::size_t place, const proto::ShepherdMessage& message);
  void lose_branch(PlaceRange places, const std::string& why);
  void tell_head(proto::ShepherdMessage& message);
  void add_to_fence(std::uint64_t fence, std::size_t part, const std::string& data);
  void take_input(const proto::TaskInput& input);
  void report_taken_input();
  void take_fence(const proto::FenceData& answer);
  void take_modex_request(const proto::ModexRequest& request);
  void take_modex_answer(const proto::ModexAnswer& answer);
  void send_output(std::uint32_t rank, bool is_error, std::string_view data);
  void task_over(const StepTask& task);
  void hold_back(bool held);
  void lose_head();
  void signal_all(int signal);
  [[nodiscard]] Family family() const;
  [[nodiscard]] std::string memory_shortage() const;
  [[nodiscard]] ResourceUse gpu_use() const;

  StepTools tools_;
  ConnectionPtr head_;
  proto::LaunchTasks launch_;
  StepPart part_;
  StepBranches branches_;  // to the places behind it
  FenceJoin joins_;        // of this place's part and those of the branches
  bool in_pmix_ = false;
  bool head_gone_ = false;
  os::PollLoop::TimerId kill_timer_ = 0;
  std::vector<std::unique_ptr<StepTask>> tasks_;  // by local rank
  std::size_t tasks_left_ = 0;
  ResourceUse gpu_use_before_;       // of the job's GPUs here, when the step began
  std::int64_t killed_before_ = 0;   // of the job's processes for memory, when the step began
  std::uint64_t untaken_input_ = 0;  // bytes that some task has not read yet
  std::uint64_t next_fence_ = 0;
  std::map<std::uint64_t, std::uint64_t> fences_;  // number in the step: PMIx's id
};

}  // namespace usine::shepherd
