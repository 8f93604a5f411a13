// The pseudo terminal of a task: the program has one end as its controlling terminal, the shepherd
// the other, on which it reads what the program writes and writes what the user types. Used on the
// shepherd's poll thread.
#pragma once

#include "agent/core/launch_plan.h"
#include "common/os/unique_fd.h"
#include "common/result.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

struct Pty {
  os::UniqueFd shepherds_end;
  os::UniqueFd programs_end;  // for the child alone: while it is open no hang-up is seen
};

// The plan's user owns the terminal and nobody else may write to it.
[[nodiscard]] Result<Pty> open_pty(const agent::ProcessPlan& plan, const proto::WindowSize& size);
// Tells the programs in the foreground with SIGWINCH. `end` is either end.
void resize_pty(int end, const proto::WindowSize& size);

}  // namespace usine::shepherd
