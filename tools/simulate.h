// `usine simulate`: the production scheduler on a list of jobs, recorded or made up, in virtual
// time, under one policy or several. Reads the files, makes cluster and list fit each other, and
// replays (sim/replay.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "sim/offered_load.h"
#include "sim/replay.h"

namespace usine::tools {

struct SimulateSettings {
  std::string cluster;                // a cluster file (config/cluster_file.h)
  std::string trace;                  // CSV or SWF (sim/trace.h); empty: `workload`
  std::string workload;               // "giga-mix" (sim/workload.h)
  std::uint64_t seed = 1;             // of the workload and of guessed limits
  std::uint32_t jobs = 20'000;        // of the workload
  std::vector<std::string> policies;  // names, or files (tools/policy_file.h); empty: the default
  // None: the trace on the cluster as it is. A trace gets a cluster of the size that gives this
  // load, and is paced where that must have more nodes for its widest job.
  std::optional<double> offered_load;
  Millis estimates_every{0};  // estimates of all waiting jobs, scored in the end; 0: none
  bool exact_limits = false;  // a job without a limit gets its run time, instead of a guess
};

struct SimulateRun {
  sim::ReplayReport report;
  double wall_s = 0;  // that it took
};

struct Simulated {
  std::string cluster;
  std::string jobs_from;  // the trace's file or the workload's name
  std::size_t nodes = 0;
  sim::OfferedLoad load;
  double paced = 1;  // times between submissions were multiplied by this
  std::size_t limits_guessed = 0;
  std::vector<SimulateRun> runs;  // one a policy
};

// Errors: kIo for a file that cannot be read, kInvalid for one that cannot be understood, each with
// file and line; kNotFound for a policy or workload that there is not.
[[nodiscard]] Result<Simulated> simulate(const SimulateSettings& settings);

}  // namespace usine::tools
