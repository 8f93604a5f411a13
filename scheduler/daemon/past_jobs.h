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

// Those of the jobs named that have ended by the history, each once. Error: kIo.
[[nodiscard]] Result<std::vector<PastJob>> past_jobs(store::HistoryReader& history,
                                                     const Dependencies& dependencies);

}  // namespace usine::daemon
