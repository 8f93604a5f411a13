// What the history knows of jobs that a request depends on: the state forgets a job some minutes
// after its end, and a command that names it must carry how it ended, so that it can be replayed
// from the journal alone (B17).
#pragma once

#include <vector>

#include "common/result.h"
#include "model/dependency.h"
#include "scheduler/core/command.h"
#include "scheduler/store/history_reader.h"

namespace usine::daemon {

struct KnownDependencies {
  // As asked, but for tasks of an array that the state has forgotten: those have become the jobs
  // that they were.
  Dependencies dependencies;
  std::vector<PastJob> past;  // those of the jobs that have ended by the history, each once
};

// Error: kIo.
[[nodiscard]] Result<KnownDependencies> look_up(const State& state, store::HistoryReader& history,
                                                Dependencies dependencies);

}  // namespace usine::daemon
