// What a client wants of a step, read once from its message: values that head and tasks of the step
// both act on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/launch_layout.h"
#include "common/result.h"
#include "model/binding_options.h"
#include "model/multi_prog.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

struct StepOrder {
  // What a task that ends badly does to the others. One that could not be started, or that others
  // would wait for in MPI, ends the step in any case.
  enum class BadExit : std::uint8_t {
    kCrashEnds = 0,  // ends the step where a signal ended it
    kEnds = 1,       // ends the step
    kGoesOn = 2,     // leaves them alone
  };
  enum class InputTo : std::uint8_t { kRank = 0, kAll = 1, kNone = 2 };

  agent::StepRequest request;
  CpuBinding cpu_binding;
  GpuBinding gpu_binding;
  std::optional<MultiProg> programs;
  std::vector<std::string> command;  // of every task, where there are no programs
  BadExit bad_exit = BadExit::kCrashEnds;
  InputTo input_to = InputTo::kRank;
  std::uint32_t input_rank = 0;

  [[nodiscard]] std::vector<std::string> command_of(std::uint32_t rank) const {
    return programs ? programs->command_of(rank) : command;
  }
  [[nodiscard]] bool takes_input(std::uint32_t rank) const {
    return input_to == InputTo::kAll || (input_to == InputTo::kRank && rank == input_rank);
  }
  // Whether each of so many tasks has a command, and one of them the input.
  [[nodiscard]] Status check(std::uint32_t tasks) const;
};

// Error: kInvalid, kRefused as the options say.
[[nodiscard]] Result<StepOrder> read_step_order(const proto::RunStep& run);

}  // namespace usine::shepherd
