// `usine simulate`: the production scheduler on a recorded list of jobs, in virtual time. Reads the
// two files, replays (sim/replay.h) and says what came of it as text and as JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/result.h"
#include "sim/replay.h"

namespace usine::tools {

struct SimulateFiles {
  std::string cluster;  // a cluster file (config/cluster_file.h)
  std::string trace;    // CSV or SWF (sim/trace.h)
};

// Errors: kIo for a file that cannot be read, kInvalid for one that cannot be understood, each with
// file and line.
[[nodiscard]] Result<sim::ReplayReport> simulate(const SimulateFiles& files);

// {"digest","jobs","refused","skipped","stuck","simulated_s","wait_s":{"mean","p50","p95","p99"},
// "bounded_slowdown":{...},"utilisation"}
[[nodiscard]] nlohmann::ordered_json to_json(const sim::ReplayReport& report);

// A few lines for people; ends with a line end.
[[nodiscard]] std::string to_text(const sim::ReplayReport& report);

}  // namespace usine::tools
