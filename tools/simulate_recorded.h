// `usine simulate --recorded`: what a scheduler's journal says it was asked, decided once more by
// the core and the planner (sim/recorded.h). Reads the store and never changes it.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/result.h"
#include "sim/recorded.h"
#include "sim/recorded_list.h"

namespace usine::tools {

struct RecordedSettings {
  std::string path;        // a state folder, of a running scheduler or a copy, or its usine.db
  bool from_list = false;  // also simulate the list of its jobs
  std::string list_file;   // where that list goes as a trace (sim/trace.h); empty: nowhere
};

// The recorded jobs, simulated from their list alone.
struct ListRun {
  std::uint64_t jobs = 0;             // in the list
  std::uint64_t not_compared = 0;     // of them
  std::uint64_t left_out = 0;         // of the list
  sim::ListAgreement alone;           // from the list alone
  sim::ListAgreement with_latencies;  // where the simulation knows what the daemons took
  sim::Apart moved;                   // the one simulation from the other
};

struct RecordedRun {
  std::string store;  // the file
  sim::RecordedReport report;
  double wall_s = 0;  // that the replay took
  std::optional<ListRun> list;
};

// Errors: kNotFound, kIo and kCorrupt with the file's name; kInvalid where a list is wanted and no
// job ran.
[[nodiscard]] Result<RecordedRun> simulate_recorded(const RecordedSettings& settings);

// {"store","first_row","last_row","rows","events","snapshots","digest_recorded","digest_replayed",
// "planners","passes","plans","passes_left_out","planner_digest_recorded",
// "planner_digest_replayed","same","difference":{"row","command","what"} or null,"wall_s"}; with a
// list also "list":{"jobs","compared","not_compared","left_out","mean_wait_recorded_s","alone":
// {"inside","apart_s":{"p50","p95","max"},"mean_wait_s"},"with_latencies":{...},"tolerance_s":
// {"p50","max"},"moved_s":{"p50","p95","max"}}
[[nodiscard]] nlohmann::ordered_json to_json(const RecordedRun& run);

// A few lines for people; the last says whether the decisions are the same.
[[nodiscard]] std::string to_text(const RecordedRun& run);

}  // namespace usine::tools
